import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { putPart } from './test-client.ts';

const objectStore = await startObjectStore();
afterAll(() => objectStore[Symbol.asyncDispose]());

const file = new Blob(['hello']);

describe('an upload', () => {
  it('is received once it is confirmed, and can be downloaded then', async () => {
    await using app = await startTestApp(objectStore);
    const id = await app.ada.begin(file.size);
    await app.ada.sendParts(id, file);
    const before = {
      name: 'holiday.mp4',
      size: 5,
      sent: 5,
      received: false,
      missing: [],
    };
    expect(await app.ada.describe(id)).toEqual(before);
    expect(await app.ada.askForFile(id)).toMatchObject({
      status: 409,
      body: { code: 'not_received' },
    });

    expect((await app.ada.confirm(id)).status).toBe(204);
    expect((await app.ada.confirm(id)).status).toBe(204);

    const after = { ...before, received: true };
    expect(await app.ada.describe(id)).toEqual(after);
    expect(await (await app.ada.download(id)).text()).toBe('hello');
  });

  it('is not received when a store that checks no signature took less', async () => {
    await using app = await startTestApp(objectStore);
    const id = await app.ada.begin(file.size);
    const { missing } = await app.ada.describe(id);

    const answer = await putPart(`${missing[0]?.url}`, 'hi');

    expect(answer.status).toBe(200);
    expect((await app.ada.describe(id)).missing).toHaveLength(1);
    expect(await app.ada.confirm(id)).toMatchObject({
      status: 409,
      body: { code: 'parts_missing' },
    });
  });

  it('is gone when the store has removed its parts', async () => {
    await using app = await startTestApp(objectStore);
    const id = await app.ada.begin(file.size);
    for (const page of await listAll(app.store))
      for (const upload of page) await app.store.remove(upload);

    expect((await app.ada.describe(id)).missing).toEqual([]);
    expect(await app.ada.confirm(id)).toMatchObject({
      status: 409,
      body: { code: 'upload_gone' },
    });
  });

  it('is gone when the sweep marked it before the confirmation could', async () => {
    await using app = await startTestApp(objectStore);
    const id = await app.ada.begin(file.size);
    await app.ada.sendParts(id, file);
    await app.pool.query(`
      create function abandon() returns trigger language plpgsql as $$
      begin
        return null; -- what another transaction has marked first
      end $$;
      create trigger abandon before update on uploads
      for each row execute function abandon()`);

    expect(await app.ada.confirm(id)).toMatchObject({
      status: 409,
      body: { code: 'upload_gone' },
    });
    expect(app.logged).toEqual([]);
  });
});

describe('the sweep', () => {
  it('goes on with what one that was killed had only marked', async () => {
    await using app = await startTestApp(objectStore);
    await app.ada.begin(file.size);
    await app.pool.query('update uploads set abandoned_at = now()');

    app.clock.advance({ hours: 25 });
    await app.sweep();

    const { rowCount } = await app.pool.query('select from uploads');
    expect(rowCount).toBe(0);
    expect((await listAll(app.store)).flat()).toEqual([]);
  });
});

type Store = Awaited<ReturnType<typeof startTestApp>>['store'];

function listAll(store: Store) {
  const tomorrow = new Date(Date.now() + 86_400_000);
  return Array.fromAsync(store.listBegunBefore(tomorrow));
}
