import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Sharp } from 'sharp';

/** What somebody sent, and what they say it is. */
export type Upload = { bytes: Uint8Array; declaredType: string };

/** Why an upload will never be published. */
export type Reason =
  | 'wrong_type'
  | 'too_many_pixels'
  | 'unreadable'
  | 'too_expensive'
  | 'infected'
  | 'missing';

/** Bytes that may be published once they are scanned, or why not. */
export type Verdict =
  | { bytes: Uint8Array; type: string }
  | { refused: Reason };

/** Written anew, only pixels come through: no tail, comment or place. */
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
/** Runs in the sandbox: nobody before it has parsed a byte. */
export async function inspectUpload(
  { bytes, declaredType }: Upload,
  maxPixels: number,
): Promise<Verdict> {
  const type = (await fileTypeFromBuffer(bytes))?.mime ?? 'unknown';
  // The bytes decide; what the sender says may only agree.
  if (type !== declaredType) return { refused: 'wrong_type' };
  if (type === 'application/pdf') return { bytes, type }; // as it is
  const write = WRITERS[type];
  if (!write) return { refused: 'wrong_type' };
  try {
    // Upright first: the tag that says how to turn it goes too.
    const image = sharp(bytes, {
      limitInputPixels: maxPixels,
      failOn: 'warning', // half a picture is none
    });
    const made = await write(image.autoOrient()).toBuffer({
      resolveWithObject: true,
    });
    return { bytes: made.data, type: `image/${made.info.format}` };
  } catch (error) {
    return { refused: nameFault(String(error)) };
  }
}
// #endregion inspect-upload

/** By the words of libvips; sharp gives its errors no codes. */
function nameFault(message: string): Reason {
  if (/pixel limit/.test(message)) return 'too_many_pixels';
  return /memory/i.test(message) ? 'too_expensive' : 'unreadable';
}
