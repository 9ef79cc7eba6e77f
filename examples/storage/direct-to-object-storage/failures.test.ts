import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import {
  type RunningProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { afterAll, expect, vi } from 'vitest';
import type { StoreUpload } from './multipart-store.ts';
import { FILE, PART_BYTES, startTestApp } from './test-app.ts';
import { createGuest, putPart } from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);

// A store that verifies signatures: an emulator proves nothing here.
const swift = await startSwift();
afterAll(() => swift[Symbol.asyncDispose]());

failure(
  'A file is larger than it said',
  {
    symptom:
      '403 `SignatureDoesNotMatch` from the store, and 413 `too_large` from the API',
    defence: 'sign-part',
    remains:
      'A store that ignores signed headers is caught at the confirmation',
  },
  async () => {
    await using app = await startTestApp(swift, { mostBytes: 1000 });
    const id = await app.ada.begin(100);
    const { missing } = await app.ada.describe(id);

    for (const size of [99, 101, PART_BYTES]) {
      const answer = await putPart(`${missing[0]?.url}`, filled(size));
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('SignatureDoesNotMatch');
    }
    expect(await app.ada.confirm(id)).toMatchObject({
      status: 409,
      body: { code: 'parts_missing' },
    });
    const tooMuch = { name: 'film.mp4', size: 1001 };
    expect(
      await app.ada.send('POST', '/uploads', tooMuch),
    ).toMatchObject({ status: 413, body: { code: 'too_large' } });
  },
);

failure(
  'A name has `../` or a null byte in it',
  {
    symptom:
      'A null byte: 400 `invalid_request`. A path: nothing, for a name is only a label',
    defence: 'begin-upload',
    remains: 'Two files may have the same name',
  },
  async () => {
    await using app = await startTestApp(swift);
    for (const name of ['a\0.png', 'a\r\nset-cookie: b', '']) {
      const answer = await app.ada.send('POST', '/uploads', {
        name,
        size: 5,
      });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    }

    const name = '../../etc/passwd; "ü".png';
    const id = await app.ada.upload(new Blob(['hello']), name);

    const { rows } = await app.pool.query('select key from uploads');
    expect(rows).toEqual([
      { key: expect.stringMatching(/^uploads\/[0-9a-f-]{36}$/) },
    ]);
    const { headers } = await app.ada.download(id);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''.._.._etc_passwd%3B%20%22%C3%BC%22.png`,
    );
  },
);

failure(
  'Someone edits a signed URL',
  {
    symptom: '403 `SignatureDoesNotMatch` from the store',
    defence: 'sign-part',
    remains: 'Whoever gets a whole URL may use it until it expires',
  },
  async () => {
    await using app = await startTestApp(swift);
    const [mine, hers] = await Promise.all([
      app.ada.upload(new Blob(['hello'])),
      app.ada.begin(PART_BYTES + 5),
    ]);
    const { missing } = await app.ada.describe(hers);
    const part = new URL(`${missing[1]?.url}`);
    const file = new URL(
      `${(await app.ada.askForFile(mine)).location}`,
    );

    const edited = [
      edit(part, 'partNumber', '3'),
      edit(part, 'uploadId', randomUUID()),
      edit(part, 'X-Amz-Expires', '604800'),
    ];
    for (const url of edited)
      expect((await putPart(url, 'hello')).status).toBe(403);
    for (const url of [
      edit(file, 'response-content-type', 'text/html'),
      file.href.replace(file.pathname, part.pathname),
    ])
      expect((await fetch(url)).status).toBe(403);
    expect((await putPart(part.href, 'hello')).status).toBe(200);
  },
);

failure(
  'Somebody asks for an upload or a file of another',
  {
    symptom: '404 `no_such_upload`, as if there were none',
    defence: 'find-own-upload',
    remains:
      'An owner can pass the URL on: for a minute it opens the file',
  },
  async () => {
    await using app = await startTestApp(swift);
    const eve = await app.login('eve');
    const id = await app.ada.upload(new Blob(['hello']));

    for (const upload of [id, randomUUID()])
      for (const [method, path] of [
        ['GET', `/uploads/${upload}`],
        ['POST', `/uploads/${upload}/confirmation`],
        ['GET', `/uploads/${upload}/file`],
      ] as const)
        expect(await eve.send(method, path)).toMatchObject({
          status: 404,
          body: { code: 'no_such_upload' },
        });
    expect(await (await app.ada.download(id)).text()).toBe('hello');
  },
);

failure(
  'A signed URL is used after its time',
  {
    symptom:
      '403 `Request has expired` from the store; the page asks for new URLs and goes on',
    defence: 'describe-upload',
    remains:
      'A part that is under way when its URL expires is still taken',
  },
  async () => {
    await using app = await startTestApp(swift);
    const file = new Blob(['hello']);
    const done = await app.ada.upload(file);
    const id = await app.ada.begin(file.size);

    app.clock.advance({ minutes: -16 }); // signed that long ago
    const stale = await app.ada.describe(id);
    const answer = await putPart(`${stale.missing[0]?.url}`, file);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Request has expired');
    expect((await app.ada.download(done)).status).toBe(403);

    const pause = vi.fn(async () => {
      app.clock.advance({ minutes: 16 });
    });
    await app.ada.goOn(id, file, { pause });
    expect(pause).toHaveBeenCalledOnce();
    expect(await (await app.ada.download(id)).text()).toBe('hello');
  },
);

failure(
  'The browser vanishes in the middle of a part',
  {
    symptom: 'The rest is listed as missing; only that is sent',
    defence: 'find-missing',
    remains: 'Up to a part for each connection is sent twice',
  },
  async () => {
    await using app = await startTestApp(swift);
    const id = await app.ada.begin(FILE.size);
    const { missing } = await app.ada.describe(id);
    const first = FILE.slice(0, PART_BYTES);
    expect((await putPart(`${missing[0]?.url}`, first)).status).toBe(
      200,
    );

    await sendHalfOf(`${missing[1]?.url}`, PART_BYTES);

    const left = await app.ada.describe(id);
    expect(left.missing.map(({ number }) => number)).toEqual([2, 3]);
    expect(left.sent).toBe(PART_BYTES);
    await app.ada.goOn(id, FILE);
    const file = await (await app.ada.download(id)).arrayBuffer();
    expect(Buffer.from(file).equals(await bytesOf(FILE))).toBe(true);
  },
);

failure(
  'An upload is confirmed twice at once',
  {
    symptom: 'All get 204; `upload received` is logged once',
    defence: 'confirm-upload',
    remains:
      'What follows must stand in the same transaction, or be repeatable',
  },
  async () => {
    await using app = await startTestApp(swift);
    const id = await app.ada.begin(FILE.size);
    await app.ada.sendParts(id, FILE);

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.ada.confirm(id)),
    );

    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: 8 }, () => 204),
    );
    expect(app.logged).toEqual([
      { message: 'upload received', details: { id } },
    ]);
  },
);

failure(
  'An upload is never completed',
  {
    symptom: 'A day later its row, its parts and its object are gone',
    defence: 'sweep',
    remains: 'Parts cost storage for a day',
  },
  async () => {
    await using app = await startTestApp(swift);
    const received = await app.ada.upload(new Blob(['hello']));
    const dropped = await app.ada.begin(FILE.size);
    await app.ada.sendParts(dropped, FILE);
    const orphan = await app.store.begin('uploads/without-a-row');
    const unmarked = await app.ada.begin(5);
    await app.ada.sendParts(unmarked, new Blob(['hello']));
    const object = await findInStore(app.pool, unmarked);
    const parts = await app.store.listParts(object);
    await app.store.complete(object, parts ?? []);
    const left = async () =>
      (await Array.fromAsync(app.store.listBegunBefore(NEVER))).flat();
    const uploads = [await findInStore(app.pool, dropped), orphan];
    expect(await left()).toEqual(expect.arrayContaining(uploads));

    app.clock.advance({ hours: 23 });
    await app.sweep();
    expect(await left()).toHaveLength(2);
    expect(await app.store.sizeOf(object.key)).toBe(5);
    app.clock.advance({ hours: 2 });
    const ada = await app.login('ada'); // her session has ended too
    const young = await ada.begin(5);
    await app.sweep();

    expect(await left()).toHaveLength(1);
    expect((await ada.describe(young)).missing).toHaveLength(1);
    expect((await ada.confirm(dropped)).status).toBe(404);
    expect(await app.store.sizeOf(object.key)).toBe(undefined);
    expect((await ada.download(received)).status).toBe(200);
  },
);

failure(
  'The process dies between the store’s completion and its own mark',
  {
    symptom:
      'The connection breaks; the confirmation that is sent again gets 204',
    defence: 'confirm-upload',
    remains:
      'If nobody asks again, the sweep removes the object after a day',
  },
  async () => {
    // Like Amazon, and unlike Swift, this one forgets an upload as
    // soon as it is complete.
    await using store = await startObjectStore();
    await using app = await startTestApp(store);
    const environment = {
      DATABASE_URL: app.database.url,
      PORT: '0',
      S3_BUCKET: app.bucket,
      S3_ENDPOINT: store.endpoint,
      AWS_REGION: store.region,
      AWS_ACCESS_KEY_ID: store.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    };
    await using first = await startProgram(MAIN, environment);
    const ada = await createGuest(first.url, 'ada');
    const id = await ada.begin(5);
    await ada.sendParts(id, new Blob(['hello']));

    await killBeforeMark(app.pool, first, () => ada.confirm(id));

    await using second = await startProgram(MAIN, environment);
    const again = await createGuest(second.url, 'ada');
    const state = await again.describe(id);
    expect(state).toMatchObject({ received: false, missing: [] });
    expect((await again.confirm(id)).status).toBe(204);
    expect(second.read().output.match(/upload received/g)).toHaveLength(
      1,
    );
    expect(await (await again.download(id)).text()).toBe('hello');
  },
);

failure(
  'A stranger’s HTML is opened from its link',
  {
    symptom: 'The browser saves it and runs nothing',
    defence: 'sign-download',
    remains:
      'Whoever opens the saved file runs it: scan what others shall open',
  },
  async () => {
    await using app = await startTestApp(swift);
    const html = '<script>alert(document.cookie)</script>';
    const id = await app.ada.upload(new Blob([html]), 'photo.png.html');

    const { headers } = await app.ada.download(id);

    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  },
);

/** The upload as the store knows it. */
async function findInStore(pool: Pool, id: string) {
  const { rows } = await pool.query<StoreUpload>(
    `select key, store_id as "storeId" from uploads where id = $1`,
    [id],
  );
  return rows[0] as StoreUpload;
}

/** Later than anything that a store says of itself. */
const NEVER = new Date(8.64e15);

const filled = (size: number) => new Uint8Array(size);

const bytesOf = async (blob: Blob) =>
  Buffer.from(await blob.arrayBuffer());

function edit(url: URL, name: string, value: string): string {
  const edited = new URL(url);
  edited.searchParams.set(name, value);
  return edited.href;
}

/** The store has read some of it when the connection breaks. */
async function sendHalfOf(url: string, size: number) {
  const headers = { 'content-length': size };
  const put = request(url, { method: 'PUT', headers });
  put.on('error', () => {}); // its connection is about to break
  const closed = new Promise((resolve) => put.on('close', resolve));
  await new Promise((resolve) => put.write(filled(size / 2), resolve));
  put.destroy();
  await closed;
}

/** Its mark waits for our lock while it is killed. */
async function killBeforeMark(
  pool: Pool,
  program: RunningProgram,
  confirm: () => Promise<unknown>,
) {
  const blocker = await pool.connect();
  try {
    await blocker.query('begin; select from uploads for update');
    const answer = confirm();
    answer.catch(() => {}); // it fails while we wait for other things
    const mark = `pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    await waitUntil('the mark waits for our lock', async () => {
      const { rowCount } = await pool.query(`select from ${mark}`);
      return rowCount === 1;
    });
    await program.kill('SIGKILL');
    await expect(answer).rejects.toThrow('fetch failed');
    // Postgres would not notice that its client is gone.
    await pool.query(`select pg_terminate_backend(pid) from ${mark}`);
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
}
