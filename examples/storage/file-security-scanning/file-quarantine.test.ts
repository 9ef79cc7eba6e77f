import { EICAR } from '@touchstone/kit/scanning/clamd';
import { describe, expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { makePicture, readColours } from './test-images.ts';

const IMAGES = [
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['webp', 'image/webp'],
  ['gif', 'image/png'], // its first frame
] as const;
const PDF = '%PDF-1.4\n%%EOF\n';

describe('an image', () => {
  it('is published as pixels that were written anew', async () => {
    await using app = await startTestApp();
    for (const [format, published] of IMAGES) {
      const sent = await makePicture(format);
      const id = await app.upload(sent, { type: `image/${format}` });
      expect(await app.look(id)).toMatchObject({
        state: 'quarantined',
      });

      expect(await app.processAll()).toBe(1);

      expect(await app.look(id)).toMatchObject({
        state: 'published',
        reason: null,
        type: published,
      });
      const { bytes } = await app.download(id);
      expect(await readColours(bytes)).toBe(await readColours(sent));
      expect(await app.buckets.quarantine.read(id)).toBeUndefined();
    }
  });

  it('that is sent twice is one object under two ids', async () => {
    await using app = await startTestApp();
    const image = await makePicture('png');
    const ids = await Promise.all(
      ['one.png', 'two.png'].map((name) =>
        app.upload(image, { type: 'image/png', name }),
      ),
    );
    await app.processAll();

    for (const id of ids)
      expect((await app.download(id)).status).toBe(200);
    expect(await app.listPublished()).toHaveLength(1);
  });

  it('that is swapped after it was read is published as it was read', async () => {
    const other = await makePicture('webp');
    await using app = await startTestApp({
      scan: async () => {
        const [id] = await listIds();
        await app.buckets.quarantine.write(id, other);
        return undefined;
      },
    });
    const listIds = async (): Promise<[string]> => {
      const { rows } = await app.pool.query('select id from files');
      return [rows[0].id];
    };
    const id = await app.upload(await makePicture('png'), {
      type: 'image/png',
    });
    await app.processAll();

    expect(await app.look(id)).toMatchObject({ type: 'image/png' });
  });
});

describe('a PDF', () => {
  it('is published byte for byte once the scanner has found nothing', async () => {
    await using app = await startTestApp();
    const id = await app.upload(PDF, {
      type: 'application/pdf',
      name: 'order.pdf',
    });
    await app.processAll();

    expect((await app.download(id)).bytes.toString()).toBe(PDF);
  });

  it('with a virus is rejected, and its finder named in the row', async () => {
    await using app = await startTestApp();
    const id = await app.upload(`${PDF}${EICAR}`, {
      type: 'application/pdf',
    });
    await app.processAll();

    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'infected',
    });
    const { rows } = await app.pool.query(
      'select signature from files',
    );
    expect(rows).toEqual([{ signature: 'Eicar-Test.UNOFFICIAL' }]);
    expect((await app.download(id)).status).toBe(404);
  });
});

describe('a file', () => {
  it('whose quarantined object is gone is rejected', async () => {
    await using app = await startTestApp();
    const id = await app.upload(PDF, { type: 'application/pdf' });
    await app.buckets.quarantine.remove(id);
    await app.processAll();

    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'missing',
    });
  });

  it('that nothing but its type could be refused for is refused', async () => {
    await using app = await startTestApp();
    const id = await app.upload('PK\x03\x04'.padEnd(64, '\0'), {
      type: 'application/zip',
    });
    await app.processAll();

    expect(await app.look(id)).toMatchObject({ reason: 'wrong_type' });
  });

  it('whose sandbox was taken over is not published as a web page', async () => {
    const bytes = Buffer.from('<script>');
    await using app = await startTestApp({
      inspect: async () => ({ bytes, type: 'text/html' }),
    });
    const id = await app.upload('x', { type: 'image/png' });
    await app.processAll();

    expect(await app.look(id)).toMatchObject({ state: 'quarantined' });
    expect(app.logged[0]).toContain('files_type_check');
  });

  it('cannot be published without a hash, nor rejected without a reason', async () => {
    await using app = await startTestApp();
    await app.upload(PDF, { type: 'application/pdf' });

    for (const state of ['published', 'rejected'])
      await expect(
        app.pool.query('update files set state = $1', [state]),
      ).rejects.toMatchObject({ code: '23514' });
  });
});
