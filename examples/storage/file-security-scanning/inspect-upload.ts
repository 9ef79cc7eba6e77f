import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Sharp } from 'sharp';

/** What somebody sent, and what they say it is. */
export type Upload = { bytes: Uint8Array; declaredType: string };

/** Bytes that may be published once they are scanned, or why not. */
export type Verdict =
  | { bytes: Uint8Array; type: string }
  | { refused: string; bytes?: undefined };

/** Written again, only pixels come through: no tail, comment or place. */
const WRITERS: Record<string, (image: Sharp) => Sharp> = {
  'image/jpeg': (image) => image.jpeg({ quality: 85 }),
  'image/png': (image) => image.png(),
  'image/webp': (image) => image.webp({ quality: 85 }),
  'image/gif': (image) => image.png(), // the first frame
};

// Of all its decoders, four: what is not asked for cannot be hit.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif'].map(
    (format) => `VipsForeignLoad${format}Buffer`,
  ),
});

// #region inspect-upload
/** Runs in a process that only has this upload. */
export async function inspectUpload(
  { bytes, declaredType }: Upload,
  limits: { maxPixels: number; maxBytes: number },
): Promise<Verdict> {
  const type = (await fileTypeFromBuffer(bytes))?.mime ?? 'unknown';
  // The bytes decide; what the sender says may only agree.
  if (type !== declaredType) return { refused: 'wrong_type' };
  if (type === 'application/pdf') return { bytes, type }; // as it is
  const write = WRITERS[type];
  if (!write) return { refused: 'wrong_type' };
  try {
    const image = sharp(bytes, {
      limitInputPixels: limits.maxPixels,
      failOn: 'warning', // half a picture is none
    });
    // Upright first: the tag that says how to turn it goes too.
    const { data, info } = await write(image.autoOrient()).toBuffer({
      resolveWithObject: true,
    });
    // Written again, it can be twice as large, and too much to scan.
    if (data.length > limits.maxBytes) return { refused: 'too_large' };
    return { bytes: data, type: `image/${info.format}` };
  } catch (error) {
    return { refused: nameFault(error) };
  }
}
// #endregion inspect-upload

/** By the words of libvips; sharp gives its errors no codes. */
function nameFault(error: unknown): string {
  const message = String(error);
  // Not proven to be the fault of the bytes: this process dies of it.
  if (/memory/i.test(message)) throw error;
  return /pixel limit/.test(message) ? 'too_many_pixels' : 'unreadable';
}
