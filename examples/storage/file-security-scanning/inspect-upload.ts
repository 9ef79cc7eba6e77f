import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';

/** What somebody sent, and what they say it is. */
export type Upload = { bytes: Uint8Array; declaredType: string };

/** Bytes that may be published once they are scanned, or why not. */
export type Verdict =
  | { bytes: Uint8Array; type: string }
  | { refused: string; bytes?: undefined };

/** Written again, only pixels come through: no tail, comment or place. */
const WRITTEN_AS: Record<string, 'jpeg' | 'png' | 'webp'> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp', // the first frame
  'image/gif': 'png', // the first frame
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
  const type = (await fileTypeFromBuffer(bytes))?.mime;
  // The bytes decide; what the sender says may only agree.
  if (type !== declaredType) return { refused: 'wrong_type' };
  if (type === 'application/pdf') return { bytes, type }; // as it is
  const format = WRITTEN_AS[type];
  if (!format) return { refused: 'wrong_type' };
  try {
    const image = sharp(bytes, {
      limitInputPixels: limits.maxPixels,
      failOn: 'warning', // half a picture is none
    });
    // Upright first: the tag that says how to turn it goes too.
    const written = image.autoOrient().toFormat(format);
    const data = await written.toBuffer();
    // Written again, it can be twice as large, and too much to scan.
    if (data.length > limits.maxBytes) return { refused: 'too_large' };
    return { bytes: data, type: `image/${format}` };
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
