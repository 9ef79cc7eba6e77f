import { describe, expect, it } from 'vitest';
import { inspectUpload } from './inspect-upload.ts';
import { makeBomb, makePicture, readColours } from './test-images.ts';

// Elsewhere it runs in the sandbox; here in the process of the test.

describe('an upload that is what it says', () => {
  it('comes back as an image that was written anew', async () => {
    const written = {
      jpeg: 'image/jpeg',
      png: 'image/png',
      webp: 'image/webp',
      gif: 'image/png',
    };
    for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
      const bytes = await makePicture(format);
      const verdict = await inspect(bytes, `image/${format}`);
      if ('refused' in verdict) throw new Error(verdict.refused);
      expect(verdict.type).toBe(written[format]);
      expect(await readColours(Buffer.from(verdict.bytes))).toBe(
        '640 × 320, red to blue',
      );
    }
  });

  it('comes back as it is when it is a PDF', async () => {
    const bytes = Buffer.from('%PDF-1.4\n');
    const type = 'application/pdf';

    expect(await inspect(bytes, type)).toEqual({ bytes, type });
  });
});

describe('an upload is refused', () => {
  it('when it is not what it says, or nothing that is let in', async () => {
    const png = await makePicture('png');
    const zip = Buffer.from('PK\x03\x04'.padEnd(64, '\0'));
    const refused = { refused: 'wrong_type' };

    expect(await inspect(png, 'image/jpeg')).toEqual(refused);
    expect(await inspect(zip, 'application/zip')).toEqual(refused);
    expect(await inspect(Buffer.from('text'), 'unknown')).toEqual(
      refused,
    );
  });

  it('when it has too many pixels, or no end', async () => {
    const half = (await makePicture('png')).subarray(0, 400);

    expect(await inspect(makeBomb(1001, 1000), 'image/png')).toEqual({
      refused: 'too_many_pixels',
    });
    expect(await inspect(half, 'image/png')).toEqual({
      refused: 'unreadable',
    });
  });
});

const inspect = (bytes: Buffer, declaredType: string) =>
  inspectUpload({ bytes, declaredType }, 1_000_000);
