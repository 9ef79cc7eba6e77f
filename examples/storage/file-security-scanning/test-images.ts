import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

type Format = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff';

/** A picture, wider than high: its left half is red, its right half blue. */
export function makePicture(format: Format): Promise<Buffer> {
  return drawPicture().toFormat(format).toBuffer();
}

/** As a phone held upright takes it: the tag says "turn me", and EXIF says where. */
export function makePhoto(): Promise<Buffer> {
  return drawPicture()
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1' },
    })
    .jpeg()
    .toBuffer();
}

/** The latitude that an image tells; undefined when it tells none. */
export function readLatitude(image: Buffer): string | undefined {
  const place = Buffer.from(
    new Uint32Array([52, 1, 31, 1, 12, 1]).buffer,
  );
  return image.includes(place) ? '52° 31′ 12″' : undefined;
}

/** A PNG of one colour: its pixels cost its sender next to nothing. */
export function makeBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // one bit a pixel
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    makeChunk('IHDR', header),
    makeChunk('IDAT', deflateSync(rows)),
    makeChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG that has to be in memory as a whole before its first line is known. */
export function makeInterlaced(
  width: number,
  height: number,
): Promise<Buffer> {
  return sharp({
    create: { width, height, channels: 3, background: 'red' },
  })
    .png({ progressive: true })
    .toBuffer();
}

/** A PNG with one more chunk before its end. */
export function addChunk(
  png: Buffer,
  type: string,
  content: string,
): Buffer {
  const end = png.length - 12;
  const chunk = makeChunk(type, Buffer.from(content, 'latin1'));
  return Buffer.concat([
    png.subarray(0, end),
    chunk,
    png.subarray(end),
  ]);
}

/** The colours of a picture at its left and right ends, or at its top and bottom. */
export async function readColours(image: Buffer): Promise<string> {
  const { data, info } = await sharp(image)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const nameAt = (offset: number) =>
    (data[offset] ?? 0) > (data[offset + 2] ?? 0) ? 'red' : 'blue';
  const ends = `${nameAt(0)} to ${nameAt(data.length - 3)}`;
  return `${info.width} × ${info.height}, ${ends}`;
}

function drawPicture() {
  const [width, height] = [640, 320];
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at += 3) {
    const isLeft = (at / 3) % width < width / 2;
    pixels[isLeft ? at : at + 2] = 255;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function makeChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(content.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
