import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { listen } from '@touchstone/kit/app/http';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import {
  terminateWaiting,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import {
  type RunningProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { noteEvidence } from '@touchstone/kit/testing/evidence';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createDirectUploads } from './direct-uploads.ts';
import { createMultipartStore } from './multipart-store.ts';
import { toS3Config } from './object-storage.ts';
import { findMissing } from './part-plan.ts';
import { FILE, PART_BYTES, startTestApp } from './test-app.ts';
import { createGuest, putPart } from './test-client.ts';
import { uploadFile } from './upload-file.ts';

const MAIN = new URL('main.ts', import.meta.url);
const MIB = 2 ** 20;
const HELLO = new Blob(['hello']);

// A store that verifies signatures: an emulator proves nothing there.
const swift = await startSwift();
// Like Amazon, this one forgets an upload once it is complete.
const emulator = await startObjectStore({});
afterAll(async () => {
  await swift[Symbol.asyncDispose]();
  await emulator[Symbol.asyncDispose]();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

failure(
  'A file is larger than the size that the client gave',
  {
    symptom:
      '403 `SignatureDoesNotMatch` from the store, and 413 `too_large` from the API',
    defence: 'sign-part',
    remains:
      'The confirmation notices it when a store ignores signed headers',
  },
  async () => {
    await using app = await startTestApp(swift, { maxBytes: 1000 });
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
    const body = { name: 'film.mp4', size: 1001 };
    expect(
      await app.ada.send('POST', '/uploads', { body }),
    ).toMatchObject({ status: 413, body: { code: 'too_large' } });
    await app.ada.begin(1000);
  },
);

failure(
  'A name has `../`, a control character or a right-to-left mark in it',
  {
    symptom: 'They become `_`; the name is only a label',
    defence: 'begin-upload',
    remains: 'Two files of an owner may have the same name',
  },
  async () => {
    await using app = await startTestApp(swift);
    const name = `../..\\a\n"ü(1)'*\u202Egnp.exe\ud800`;
    const id = await app.uploads.begin({ owner: 'ada', name, size: 5 });
    await app.ada.goOn(id, HELLO);

    const { rows } = await app.pool.query(
      'select name, key from uploads',
    );
    expect(rows).toEqual([
      {
        name: `.._.._a_"ü(1)'*_gnp.exe_`,
        key: expect.stringMatching(/^uploads\/[0-9a-f-]{36}$/),
      },
    ]);
    const { headers } = await app.ada.download(id);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''.._.._a_%22%C3%BC%281%29%27%2A_gnp.exe_`,
    );
  },
);

failure(
  'Somebody edits a signed URL, or uses it after its time',
  {
    symptom:
      '403 `SignatureDoesNotMatch` or `Request has expired` from the store; the page asks for new URLs and goes on',
    defence: 'sign-part',
    remains:
      'An attacker who gets a whole URL can use it until it expires, and a part that is under way then is still taken',
  },
  async () => {
    await using app = await startTestApp(swift);
    const done = await app.ada.upload(HELLO);
    const id = await app.ada.begin(PART_BYTES + 5);
    const { missing } = await app.ada.describe(id);
    const part = new URL(`${missing[1]?.url}`);
    const file = new URL(await app.ada.findFile(done));
    expect(part.searchParams.get('X-Amz-Expires')).toBe('900');
    expect(file.searchParams.get('X-Amz-Expires')).toBe('60');

    for (const url of [
      edit(part, 'partNumber', '3'),
      edit(part, 'uploadId', randomUUID()),
      edit(part, 'X-Amz-Expires', '604800'),
    ])
      expect((await putPart(url, 'hello')).status).toBe(403);
    for (const url of [
      edit(file, 'response-content-type', 'text/html'),
      file.href.replace(file.pathname, part.pathname),
    ])
      expect((await fetch(url)).status).toBe(403);
    expect((await putPart(part.href, 'hello')).status).toBe(200);

    const stale = await signForASecond(app, done);
    const begun = await app.ada.begin(5);
    const old = await app.store.signPart(
      await app.locate(begun),
      { number: 1, size: 5 },
      1,
    );
    await waitUntil(
      'both have expired',
      async () => (await fetch(stale)).status === 403 && isExpired(old),
    );
    const answer = await putPart(old, HELLO);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Request has expired');
    const pause = vi.fn(async () => {});
    const expired = { number: 1, start: 0, size: 5, url: old };
    const states = [{ size: 5, sent: 0, missing: [expired] }];
    await app.ada.goOn(begun, HELLO, {
      pause,
      callApi: async (path, init) => {
        const state = states.pop();
        const { headers } = app.ada;
        return state
          ? Response.json(state)
          : fetch(path, { ...init, headers });
      },
    });
    expect(pause).toHaveBeenCalledOnce();
    expect(await (await app.ada.download(begun)).text()).toBe('hello');
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
    const id = await app.ada.upload(HELLO);

    for (const upload of [id, randomUUID()])
      for (const [method, path] of [
        ['GET', ''],
        ['POST', '/confirmation'],
        ['GET', '/file'],
        ['DELETE', ''],
      ] as const)
        expect(
          await eve.send(method, `/uploads/${upload}${path}`),
        ).toMatchObject({
          status: 404,
          body: {
            code: 'no_such_upload',
            detail: 'You have no upload with this id',
          },
        });
    expect(await (await app.ada.download(id)).text()).toBe('hello');
  },
);

failure(
  'The browser vanishes, or a connection stalls in the middle of a part',
  {
    symptom: 'The rest is listed as missing, and only that is sent',
    defence: 'find-missing',
    remains:
      'Up to one part for each connection is sent twice. Below 28 kB/s a part of 8 MiB takes longer than `partSeconds`, and never arrives. Only the size says that it is the same file: find its upload by name, size and time, as `page.ts` does',
  },
  async () => {
    await using app = await startTestApp(swift);
    const id = await app.ada.begin(FILE.size);
    const { missing } = await app.ada.describe(id);
    const first = FILE.slice(0, PART_BYTES);
    await putPart(`${missing[0]?.url}`, first);
    await sendHalfOf(`${missing[1]?.url}`, PART_BYTES);

    const left = await app.ada.describe(id);
    expect(left.missing.map(({ number }) => number)).toEqual([2, 3]);
    expect(left).toMatchObject({ sent: PART_BYTES, received: false });
    await using silent = await listen(() => {}, { graceSeconds: 0 });
    const stalled = left.missing.map((part) => ({
      ...part,
      url: silent.url,
    }));
    const onProgress = vi.fn();
    const states: Response[] = [
      Response.json({ ...left, missing: stalled }),
      Response.json({}, { status: 404 }),
    ];
    await expect(
      app.ada.goOn(id, FILE, {
        callApi: async () => states.shift() ?? Response.error(),
        partSeconds: 0.1,
        onProgress,
      }),
    ).rejects.toThrow('refused');
    await app.ada.goOn(id, FILE, { onProgress });
    const steps = onProgress.mock.calls.map(([sent, size]) => {
      expect(size).toBe(FILE.size);
      return sent;
    });
    expect(steps.slice(0, 2)).toEqual([PART_BYTES, PART_BYTES]);
    expect(steps.at(-1)).toBe(FILE.size);
    expect(steps).toHaveLength(4);
    const file = await (await app.ada.download(id)).arrayBuffer();
    expect(Buffer.from(file).equals(await bytesOf(FILE))).toBe(true);
    expect(await app.ada.describe(id)).toEqual({
      size: FILE.size,
      sent: FILE.size,
      received: true,
      missing: [],
    });
  },
);

failure(
  'An upload is confirmed eight times at once, or again later',
  {
    symptom:
      'All get 200; `onReceived` runs once, in the transaction of the mark',
    defence: 'confirm-upload',
    remains:
      'What `onReceived` does outside the database runs again when the commit fails',
  },
  async () => {
    await using app = await startTestApp(swift);
    const id = await app.ada.begin(FILE.size);
    await app.ada.sendParts(id, FILE);

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.ada.confirm(id)),
    );
    const other = await app.ada.begin(5);
    // What was received is yours: you may have moved it since.
    await app.store.remove((await app.locate(id)).key);
    answers.push(await app.ada.confirm(id));

    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([200]),
    );
    expect(await app.count('announcements')).toBe(1);
    expect(await app.ada.describe(other)).toMatchObject({
      received: false,
    });
  },
);

failure(
  'An upload is never completed, in a bucket that others use too',
  {
    symptom:
      'A day and an hour later its row, its parts and its object are gone, and nothing else is',
    defence: 'sweep',
    remains:
      'Parts cost storage for a day. After a restore of the database from a backup, the bucket has uploads without a row: the lifecycle rule removes their parts',
  },
  async () => {
    await using app = await startTestApp(swift);
    const { s3 } = app.store;
    const theirs = { Bucket: app.bucket, Key: 'uploads/2025.pdf' };
    await s3.putObject({ ...theirs, Body: 'theirs' });
    await s3.createMultipartUpload(theirs);
    const received = await app.ada.begin(5);
    const dropped = await app.ada.begin(FILE.size);
    await app.ada.sendParts(dropped, FILE);
    await app.ada.goOn(received, HELLO);
    const unmarked = await app.ada.begin(5);
    await app.ada.sendParts(unmarked, HELLO);
    const object = await app.locate(unmarked);
    const parts = await app.store.listParts(object);
    await app.store.complete(object, parts ?? []);
    // The process died before it wrote down what it had begun.
    const nameless = await app.ada.begin(5);
    await app.pool.query(
      `update uploads set store_id = default where id = $1`,
      [nameless],
    );
    const listKeys = async () => {
      const page = await s3.listMultipartUploads({
        Bucket: app.bucket,
      });
      return page.Uploads?.map(({ Key }) => Key).toSorted();
    };
    const { key } = await app.locate(dropped);
    const keys = [(await app.locate(nameless)).key, key, theirs.Key];

    await app.pass(23);
    await app.sweep();
    expect(await app.ada.describe(unmarked)).toMatchObject({ sent: 5 });
    await app.pass(1);
    const young = await app.ada.begin(5);
    keys.push((await app.locate(young)).key);
    await app.sweep();
    // What was signed a moment ago may still be on its way.
    expect(await listKeys()).toEqual(expect.arrayContaining(keys));
    expect(await app.store.sizeOf(object.key)).toBe(5);
    expect((await app.ada.confirm(dropped)).status).toBe(404);
    await app.pass(0.9);
    await app.sweep();
    expect(await app.store.sizeOf(object.key)).toBe(5);
    await app.pass(0.1);
    await app.sweep();

    expect(await listKeys()).toEqual(keys.slice(2).toSorted());
    expect(await app.store.sizeOf(object.key)).toBe(undefined);
    expect(await app.store.sizeOf(theirs.Key)).toBe(6);
    expect(await app.count('uploads')).toBe(2);
    expect((await app.ada.download(received)).status).toBe(200);
    expect((await app.ada.describe(young)).missing).toHaveLength(1);
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'The process dies between the store’s completion and its own mark',
  {
    symptom:
      'The connection breaks; the confirmation that is sent again gets 200',
    defence: 'confirm-upload',
    remains:
      'If the client does not confirm again, the sweep removes the object a day later',
  },
  async () => {
    await using app = await startTestApp(emulator);
    const environment = {
      DATABASE_URL: app.database.url,
      PORT: '0',
      S3_BUCKET: app.bucket,
      S3_ENDPOINT: emulator.endpoint,
      AWS_REGION: emulator.region,
      AWS_ACCESS_KEY_ID: emulator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: emulator.secretAccessKey,
    };
    await using first = await startProgram(MAIN, environment);
    const ada = await createGuest(first.url, 'ada');
    const id = await ada.begin(5);
    await ada.sendParts(id, HELLO);

    await killBeforeMark(app.pool, first, () => ada.confirm(id));

    await using second = await startProgram(MAIN, environment);
    const again = await createGuest(second.url, 'ada');
    const state = await again.describe(id);
    expect(state).toMatchObject({ received: false, missing: [] });
    expect((await again.confirm(id)).status).toBe(200);
    expect(await app.count('announcements')).toBe(1);
    expect(await (await again.download(id)).text()).toBe('hello');
    expect(await second.kill('SIGTERM')).toBe(0);
  },
);

failure(
  'A stranger’s HTML is opened from its link',
  {
    symptom: 'The browser saves it and runs nothing',
    defence: 'sign-download',
    remains:
      'A user who opens the saved file runs it: scan what others will open',
  },
  async () => {
    await using app = await startTestApp(swift);
    const html = new Blob(['<script>alert(document.cookie)</script>']);
    const id = await app.ada.upload(html, 'photo.png.html');

    const { headers } = await app.ada.download(id);

    expect(headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''photo.png.html`,
    );
    expect(headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  },
);

failure(
  'The store says 200 and has nothing, or the API cannot be reached for a while',
  {
    symptom:
      'The page goes on after pauses of up to 30 s; after 8 tries in a row in which nothing arrived, it stops with `Nothing arrives`',
    defence: 'upload-file',
    remains:
      'The user chooses the file again, and it goes on from there',
  },
  async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    let puts = 0;
    await using liar = await listen((_request, response) => {
      puts += 1;
      response.end();
    });
    const part = { number: 1, start: 0, size: 5, url: liar.url };
    const state = { size: 5, sent: 0, missing: [part] };
    const pause = vi.fn(async (_failures: number) => {});
    const callApi = async () => Response.json(state);

    const lost = app.ada.goOn(id, HELLO, { callApi, pause });
    await expect(lost).rejects.toThrow('Nothing arrives');
    expect(pause.mock.calls.map(([failures]) => failures)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect(puts).toBe(9);

    pause.mockClear();
    const faults = [
      () => Promise.reject(new Error('fetch failed')),
      () => new Response('Bad gateway', { status: 502 }),
      () => new Response('Blocked by the hotel', { status: 403 }),
      () => Response.json({}, { status: 500 }),
      () => Response.json({}, { status: 408 }),
      () => Response.json({}, { status: 429 }),
      undefined, // the state: now the part is sent
      undefined, // the state again
      () => Promise.reject(new Error('fetch failed')), // confirm
      undefined,
      () => Response.json({}, { status: 409 }),
    ];
    await app.ada.goOn(id, HELLO, {
      pause,
      callApi: async (path, init) => {
        const answer = faults.shift()?.();
        const { headers } = app.ada;
        return (await answer) ?? fetch(path, { ...init, headers });
      },
    });
    expect(faults).toEqual([]);
    expect(pause.mock.calls.map(([failures]) => failures)).toEqual([
      1, 2, 3, 4, 5, 6, 1, 2,
    ]);
    expect(await app.ada.describe(id)).toMatchObject({
      received: true,
    });
  },
);

describe('the page’s upload', () => {
  const part = { number: 1, start: 0, size: 5, url: '' };
  const answer = (body: object, status = 200) =>
    vi.fn(async () => Response.json(body, { status }));

  it('stops at once when the API refuses it, or the file is another', async () => {
    for (const status of [400, 401, 404, 410, 499]) {
      const callApi = answer({ code: 'no_such_upload' }, status);
      await expect(
        uploadFile(HELLO, '/uploads/1', { callApi }),
      ).rejects.toThrow('The upload was refused: no_such_upload');
      expect(callApi).toHaveBeenCalledOnce();
    }
    for (const size of [4, 6]) {
      const callApi = answer({ size, sent: 0, missing: [part] });
      await expect(
        uploadFile(HELLO, '/uploads/1', { callApi }),
      ).rejects.toThrow('It is another file');
    }
  });

  it('waits twice as long each time, and a part of it by chance', async () => {
    const delays: unknown[] = [];
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((
      resolve: () => void,
      ms: number,
    ) => {
      delays.push(ms);
      queueMicrotask(resolve);
    }) as never);
    const callApi = answer({}, 503);
    for (const chance of [0, 1]) {
      vi.spyOn(Math, 'random').mockReturnValue(chance);
      await expect(
        uploadFile(HELLO, '/uploads/1', { callApi }),
      ).rejects.toThrow('Nothing arrives');
    }
    const short = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
    const long = short.map((ms) => 2 * ms);
    expect(delays).toEqual([...short, ...long]);
  });

  it('limits each call, and calls fetch when it has nothing else', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    await using server = await listen((incoming, response) => {
      const url = `http://${incoming.headers.host}/part`;
      const state = { size: 5, sent: 0, missing: [{ ...part, url }] };
      const isDone = incoming.method === 'PUT';
      if (isDone) part.number = 2;
      const after = { size: 5, sent: 5, missing: [] };
      response.end(JSON.stringify(part.number === 2 ? after : state));
    });

    await uploadFile(HELLO, `${server.url}/uploads/1`);

    expect(timeout.mock.calls).toEqual([
      [30_000],
      [300_000],
      [30_000],
      [30_000],
    ]);
    part.number = 1;
  });

  it('ends with its signal in a pause', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const { signal, press } = createCancel();
    const callApi = answer({}, 503);
    const upload = uploadFile(HELLO, '/uploads/1', { callApi, signal });
    const ended = expect(upload).rejects.toThrow('Cancel');
    await waitUntil('it pauses', () => vi.getTimerCount() === 1);
    press();
    await ended;
  });

  it('ends with its signal in a call of the API, and while it sends a part', async () => {
    const asking = createCancel();
    const asks = uploadFile(HELLO, '/uploads/1', {
      callApi: (_url, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () =>
            reject(signal.reason),
          );
        }),
      signal: asking.signal,
    });
    asking.press();
    await expect(asks).rejects.toThrow('Cancel');

    const sending = createCancel();
    await using silent = await listen(sending.press);
    const missing = [{ ...part, url: silent.url }];
    const sends = uploadFile(HELLO, '/uploads/1', {
      callApi: answer({ size: 5, sent: 0, missing }),
      signal: sending.signal,
    });
    await expect(sends).rejects.toThrow('Cancel');
  });

  it('sends three parts at once, and none of the rest after a refusal; then one at a time until one arrives', async () => {
    const sent: PromiseWithResolvers<Response>[] = [];
    vi.spyOn(globalThis, 'fetch').mockImplementation(() => {
      const answer = Promise.withResolvers<Response>();
      sent.push(answer);
      return answer.promise;
    });
    const missing = [1, 2, 3, 4].map(() => part);
    const states = [
      { size: 5, sent: 0, missing },
      { size: 5, sent: 0, missing },
      { size: 5, sent: 1, missing },
      { size: 5, sent: 5, missing: [] },
      {},
    ];

    const upload = uploadFile(HELLO, '/uploads/1', {
      callApi: async () => Response.json(states.shift()),
      pause: async () => {},
    });

    for (const { count, status } of [
      { count: 3, status: 403 }, // and the next round
      { count: 4, status: 403 },
      { count: 7, status: 200 },
      { count: 8, status: 200 },
    ]) {
      await waitUntil('parts are sent', () => sent.length >= count);
      await setImmediate();
      expect(sent).toHaveLength(count);
      for (const { resolve } of sent)
        resolve(new Response(null, { status }));
    }
    await upload;
  });
});

describe('an upload', () => {
  it('may be empty', async () => {
    await using app = await startTestApp(swift);

    const id = await app.ada.upload(new Blob([]));

    expect(await (await app.ada.download(id)).text()).toBe('');
  });

  it('has no file before it is confirmed', async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    await app.ada.sendParts(id, HELLO);

    expect(await app.ada.describe(id)).toMatchObject({ sent: 5 });
    expect(
      await app.ada.send('GET', `/uploads/${id}/file`),
    ).toMatchObject({ status: 409, body: { code: 'not_received' } });
  });

  it('is not received when a store that checks no signature took less, or more', async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    const { missing } = await app.ada.describe(id);

    for (const body of ['hi', 'hello!']) {
      await putPart(`${missing[0]?.url}`, body);
      const { missing: left } = await app.ada.describe(id);
      expect(left).toHaveLength(1);
      const { body: problem } = await app.ada.confirm(id);
      expect(problem.code).toBe('parts_missing');
    }
  });

  it('is gone when the store has lost its parts, or has another object', async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    const { key } = await app.locate(id);
    const gone = { status: 410, body: { code: 'upload_gone' } };

    await app.store.remove(key);

    expect((await app.ada.describe(id)).missing).toEqual([]);
    expect(await app.ada.confirm(id)).toMatchObject(gone);
    await app.store.s3.putObject({
      Bucket: app.bucket,
      Key: key,
      Body: 'longer',
    });
    expect(await app.ada.confirm(id)).toMatchObject(gone);
    expect(await app.count('announcements')).toBe(0);
  });

  it('is not received once it is abandoned, even in the middle of a confirmation', async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    await app.ada.sendParts(id, HELLO);
    onCommand(app.store, 'HeadObjectCommand', () =>
      app.pool.query(`update uploads set state = 'abandoned'`),
    );

    expect((await app.ada.confirm(id)).body.code).toBe(
      'no_such_upload',
    );
    expect(await app.count('announcements')).toBe(0);
  });

  it('is received also when another call completed it a moment ago', async () => {
    await using app = await startTestApp(emulator);
    const id = await app.ada.begin(5);
    await app.ada.sendParts(id, HELLO);
    const place = await app.locate(id);
    const other = createMultipartStore(
      app.bucket,
      toS3Config(emulator),
    );
    const parts = await other.listParts(place);
    onCommand(app.store, 'CompleteMultipartUploadCommand', () =>
      other.complete(place, parts ?? []),
    );

    expect((await app.ada.confirm(id)).status).toBe(200);
  });

  it('stays open when the work for it fails', async () => {
    const onReceived = vi.fn();
    await using app = await startTestApp(emulator, { onReceived });
    const id = await app.ada.begin(5);
    await app.ada.sendParts(id, HELLO);
    onReceived.mockRejectedValueOnce(new Error('no room'));

    expect((await app.ada.confirm(id)).status).toBe(500);
    expect((await app.ada.confirm(id)).status).toBe(200);

    expect(onReceived).toHaveBeenCalledTimes(2);
    expect(onReceived.mock.calls[1]?.[1]).toMatchObject({
      id,
      owner: 'ada',
      name: 'holiday.mp4',
      size: 5,
    });
  });

  it('is removed by its owner, received or not, and from the store an hour later', async () => {
    await using app = await startTestApp(swift);
    const ids = [await app.ada.upload(HELLO), await app.ada.begin(5)];
    const { key } = await app.locate(`${ids[0]}`);

    for (const id of ids) {
      const remove = () => app.ada.send('DELETE', `/uploads/${id}`);
      expect((await remove()).status).toBe(204);
      expect((await remove()).status).toBe(404);
      expect((await app.ada.confirm(id)).status).toBe(404);
    }

    await app.pass(0.9);
    await app.sweep();
    expect(await app.store.sizeOf(key)).toBe(5);
    await app.pass(0.1);
    await app.sweep();
    expect(await app.store.sizeOf(key)).toBe(undefined);
    expect(await app.count('uploads')).toBe(0);
  });

  it('has 5 GiB at most and parts of 8 MiB, of which 100 are signed at once', async () => {
    await using app = await startTestApp(emulator);
    const { pool, store } = app;
    const uploads = createDirectUploads({ pool, store });
    const file = { owner: 'ada', name: 'a' };
    await uploads.begin({ ...file, size: 5120 * MIB });
    await expect(
      uploads.begin({ ...file, size: 5120 * MIB + 1 }),
    ).rejects.toThrow(`Send at most ${5120 * MIB} bytes`);
    await expect(
      uploads.begin({ ...file, size: Number.NaN }),
    ).rejects.toThrow('Send at most');
    const id = await uploads.begin({ ...file, size: 808 * MIB + 1 });

    const { missing } = await uploads.describe('ada', id);

    expect(missing).toHaveLength(100);
    expect(missing.at(-1)).toMatchObject({
      number: 100,
      start: 792 * MIB,
      size: 8 * MIB,
    });
    await app.ada.goOn(await app.ada.begin(5), HELLO);
  });

  it('is cut into parts that follow each other, and those with another size are missing', () => {
    const sizes = { size: 25, partBytes: 10 };
    const stored = [
      { PartNumber: 1, Size: 10 },
      { PartNumber: 2, Size: 9 },
    ];
    expect(findMissing(sizes, stored)).toEqual([
      { number: 2, start: 10, size: 10 },
      { number: 3, start: 20, size: 5 },
    ]);
    expect(findMissing({ size: 20, partBytes: 10 }, [])).toHaveLength(
      2,
    );
    expect(findMissing({ size: 0, partBytes: 10 }, [])).toEqual([
      { number: 1, start: 0, size: 0 },
    ]);
  });

  it('refuses limits that the store does not have', async () => {
    const [pool, store] = [{} as never, {} as never];
    const create = (options: object) => () =>
      createDirectUploads({ pool, store, ...options });
    for (const options of [
      { partBytes: 5 * MIB, maxBytes: 50_000 * MIB },
      { partBytes: 5120 * MIB },
      { hours: 1 },
    ])
      expect(create(options)).not.toThrow();
    for (const options of [
      { partBytes: 5 * MIB - 1 },
      { partBytes: 5120 * MIB + 1 },
      { maxBytes: 80_000 * MIB + 1 },
      { maxBytes: 0 },
      { maxBytes: Number.NaN },
      { hours: 0 },
      { hours: 1.5 },
      { hours: Number.POSITIVE_INFINITY },
      { hours: Number.NaN },
    ])
      expect(create(options)).toThrow(/^(partBytes|maxBytes|hours) /);
  });

  it('is not begun when its row cannot be written', async () => {
    await using app = await startTestApp(emulator);
    const file = { owner: 'ada', name: 'a', size: 5 };
    await expect(
      app.uploads.begin({ ...file, name: '' }),
    ).rejects.toThrow('uploads_name_check');
    const { Uploads } = await app.store.s3.listMultipartUploads({
      Bucket: app.bucket,
    });
    expect(Uploads).toBe(undefined);

    await app.pool.query(
      `alter table uploads add constraint frozen check (store_id = '')`,
    );
    await expect(app.uploads.begin(file)).rejects.toThrow('frozen');
  });

  it('has a row that cannot be wrong', async () => {
    await using app = await startTestApp(emulator);
    await app.uploads.begin({
      owner: 'a',
      name: 'a'.repeat(255),
      size: 0,
    });
    for (const fault of [
      `name = ''`,
      `name = repeat('a', 256)`,
      `size = -1`,
      `state = 'lost'`,
      `id = null`,
      ...['owner', 'name', 'size', 'part_bytes', 'key'].map(
        (column) => `${column} = null`,
      ),
      ...['store_id', 'state', 'sweep_at'].map(
        (column) => `${column} = null`,
      ),
    ])
      await expect(
        app.pool.query(`update uploads set ${fault}`),
      ).rejects.toThrow(/violates/);
    await expect(
      app.pool.query(`insert into uploads select * from uploads`),
    ).rejects.toThrow('uploads_pkey');
  });
});

describe('the sweep', () => {
  it('removes the rest when some cannot be removed, and tries those again an hour later', async () => {
    await using app = await startTestApp(emulator);
    const ids: string[] = [];
    for (const _ of [1, 2, 3, 4]) ids.push(await app.ada.begin(5));
    const [undeleted, unaborted, referenced] = ids;
    const failFor = (id = '') => {
      return (input: { Key?: unknown }) => {
        if (`${input.Key}`.includes(id))
          throw new Error('AccessDenied');
      };
    };
    const restores = [
      onCommand(app.store, 'DeleteObjectCommand', failFor(undeleted)),
      onCommand(
        app.store,
        'AbortMultipartUploadCommand',
        failFor(unaborted),
      ),
    ];
    await app.pool.query(
      `create table uses (upload_id uuid references uploads)`,
    );
    await app.pool.query(`insert into uses values ($1)`, [referenced]);
    for (const id of ids)
      await app.ada.send('DELETE', `/uploads/${id}`);
    await app.pass(1);

    await app.sweep();
    await app.pass(0.9);
    await app.sweep();

    expect(await app.count('uploads')).toBe(3);
    expect(app.log.entries).toHaveLength(3);
    for (const id of [undeleted, unaborted, referenced])
      expect(app.log.entries).toContainEqual({
        level: 'warn',
        message: 'upload cannot be removed',
        details: { id, error: expect.any(Error) },
      });
    for (const restore of restores) restore();
    await app.pool.query('drop table uses');
    await app.pass(0.1);
    await app.sweep();
    expect(await app.count('uploads')).toBe(0);
  });

  it('works in batches of 100, the oldest first, until the store removes none of a batch', async () => {
    await using app = await startTestApp(emulator);
    await addAbandoned(app.pool, 201);
    const restore = onCommand(
      app.store,
      'ListMultipartUploadsCommand',
      ({ Prefix }) => {
        if (Prefix !== 'uploads/201') throw new Error('AccessDenied');
      },
    );

    await app.sweep();

    const { rows } = await app.pool.query<{ key: string }>(
      `select key from uploads where sweep_at <= now()`,
    );
    expect(rows).toEqual([{ key: 'uploads/1' }]);
    expect(app.log.entries).toHaveLength(199);
    restore();
    await app.sweep();
    expect(await app.count('uploads')).toBe(199);
  });

  it('finds its rows by an index, and waits for no row that is locked', async () => {
    await using app = await startTestApp(emulator);
    await addAbandoned(app.pool, 2);
    const other = await app.pool.connect();
    try {
      await other.query(
        'begin; select from uploads order by id limit 1 for update',
      );
      await app.sweep();
      expect(await app.count('uploads')).toBe(1);
      await other.query('set local enable_seqscan = off');
      const { rows } = await other.query(
        `explain select id from uploads
         where state <> 'received' and sweep_at <= now()
         order by sweep_at`,
      );
      expect(JSON.stringify(rows)).toContain('uploads_to_sweep');
      const { rows: indexes } = await other.query(
        `select pg_get_expr(indpred, indrelid) as predicate from pg_index
         where indexrelid = 'uploads_to_sweep'::regclass`,
      );
      expect(indexes[0].predicate).toBe(`(state <> 'received'::text)`);
    } finally {
      await other.query('rollback');
      other.release();
    }
  });
});

describe('the store', () => {
  it('lists parts page by page, and comes to an end', async () => {
    await using app = await startTestApp(swift);
    const id = await app.ada.begin(FILE.size);
    await app.ada.sendParts(id, FILE);
    onCommand(app.store, 'ListPartsCommand', (input) => {
      input.MaxParts = 2;
    });

    const parts = await app.store.listParts(await app.locate(id));

    expect(
      parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    ).toEqual([
      [1, PART_BYTES],
      [2, PART_BYTES],
      [3, 1000],
    ]);
  });

  it('removes the uploads of one key, also when another process does so too', async () => {
    await using app = await startTestApp(emulator);
    const [one, two] = [await app.ada.begin(5), await app.ada.begin(5)];
    const { key, storeId } = await app.locate(two);
    const Bucket = app.bucket;
    onCommand(app.store, 'AbortMultipartUploadCommand', async () => {
      const place = { Bucket, Key: key, UploadId: storeId };
      await createMultipartStore(Bucket, toS3Config(emulator))
        .s3.abortMultipartUpload(place)
        .catch(() => {});
    });

    await app.store.remove(key);

    expect((await app.ada.describe(one)).missing).toHaveLength(1);
    expect((await app.ada.describe(two)).missing).toEqual([]);
  });

  it('is not taken for empty when it cannot be reached', async () => {
    const lost = createMultipartStore('lost', {
      ...toS3Config({ ...emulator, endpoint: 'http://127.0.0.1:9' }),
    });

    await expect(lost.sizeOf('a')).rejects.toThrow('ECONNREFUSED');
  });

  it('refuses to list what does not belong to the caller', async () => {
    const { s3: _, ...store } = createMultipartStore('lost', {
      ...toS3Config({ ...swift, secretAccessKey: 'another' }),
    });
    await expect(store.sizeOf('a')).rejects.toThrow();
    await expect(
      store.listParts({ key: 'a', storeId: 'a' }),
    ).rejects.toThrow();
  });

  it('is Amazon’s unless the caller says more, has time limits, and signs no checksum', async () => {
    const { s3, signPart } = createMultipartStore('films', {
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestChecksumCalculation: 'WHEN_SUPPORTED',
    });
    const place = { key: 'a', storeId: 'b' };
    const url = new URL(
      await signPart(place, { number: 1, size: 2 }, 60),
    );

    expect(url.host).toBe('films.s3.eu-west-1.amazonaws.com');
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe(
      'content-length;host',
    );
    expect(url.search).not.toContain('checksum');
    const handler: object = s3.config.requestHandler;
    const read = Reflect.get(handler, 'configProvider');
    expect(await read).toMatchObject({
      connectionTimeout: 10_000,
      socketTimeout: 10_000,
    });
  });
});

describe('the documents of the bucket', () => {
  it('allow the server what it calls, and nothing else', async () => {
    await using app = await startTestApp(emulator);
    const called = new Set<string>();
    app.store.s3.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          called.add(`${commandName}`);
          return next(args);
        },
      { step: 'initialize' },
    );
    const id = await app.ada.upload(HELLO);
    await app.ada.download(id);
    await app.ada.begin(5);
    await app.ada.send('DELETE', `/uploads/${id}`);
    await app.pass(25);
    await app.sweep();
    await app.pass(1);
    await app.sweep();

    const allowed = readDocument(
      new URL('policy.json', import.meta.url),
    ).Statement.flatMap(({ Action }: { Action: string[] }) => Action);
    const needed = [...called].flatMap(
      (name) => ACTIONS[name] ?? [name],
    );
    expect(new Set(allowed)).toEqual(new Set(needed));
  });

  it('let the store abort what the sweep did not know of, after the sweep', async () => {
    const { s3 } = createMultipartStore('ruled', toS3Config(emulator));
    const document = readDocument(
      new URL('lifecycle.json', import.meta.url),
    );
    await s3.createBucket({ Bucket: 'ruled' });
    await s3.putBucketLifecycleConfiguration({
      Bucket: 'ruled',
      LifecycleConfiguration: document,
    });

    const read = await s3.getBucketLifecycleConfiguration({
      Bucket: 'ruled',
    });

    expect(read.Rules).toEqual(document.Rules);
    const [rule] = document.Rules;
    expect(rule.Filter.Prefix).toBe('uploads/');
    expect(
      rule.AbortIncompleteMultipartUpload.DaysAfterInitiation,
    ).toBeGreaterThanOrEqual(2);
    s3.destroy();
  });
});

function createCancel() {
  const controller = new AbortController();
  const press = () => controller.abort(new Error('Cancel'));
  return { signal: controller.signal, press };
}

/** Amazon's list of the permissions that each call needs. */
const ACTIONS: Record<string, string[]> = {
  CreateMultipartUploadCommand: ['s3:PutObject'],
  UploadPartCommand: ['s3:PutObject'],
  CompleteMultipartUploadCommand: ['s3:PutObject'],
  GetObjectCommand: ['s3:GetObject'],
  // Without s3:ListBucket, what is missing is 403 and not 404.
  HeadObjectCommand: ['s3:GetObject', 's3:ListBucket'],
  DeleteObjectCommand: ['s3:DeleteObject'],
  ListPartsCommand: ['s3:ListMultipartUploadParts'],
  ListMultipartUploadsCommand: ['s3:ListBucketMultipartUploads'],
  AbortMultipartUploadCommand: ['s3:AbortMultipartUpload'],
};

function readDocument(file: URL) {
  noteEvidence('loaded', file);
  return JSON.parse(readFileSync(file, 'utf8'));
}

type Store = Pick<ReturnType<typeof createMultipartStore>, 's3'>;

/** Does something before each call of one kind, until it is taken back. */
function onCommand(
  { s3 }: Store,
  name: string,
  act: (input: Record<string, unknown>) => unknown,
) {
  const middleware = randomUUID();
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = args.input as Record<string, unknown>;
        if (commandName === name) await act(input);
        return next(args);
      },
    { step: 'initialize', name: middleware },
  );
  return () => void s3.middlewareStack.remove(middleware);
}

/** Rows whose objects never were, the youngest first; their keys end with their age. */
async function addAbandoned(pool: Pool, count: number) {
  await pool.query(
    `insert into uploads
       (id, owner, name, size, part_bytes, key, state, sweep_at)
     select gen_random_uuid(), 'ada', 'a', 5, 5,
            'uploads/' || age, 'abandoned',
            now() - age * interval '1 minute'
     from generate_series(1, $1) age`,
    [count],
  );
}

type App = Awaited<ReturnType<typeof startTestApp>>;

async function signForASecond(app: App, id: string) {
  const { key } = await app.locate(id);
  return app.store.signDownload(key, 'a', 1);
}

/** By the clock of this machine, which is that of the store. */
function isExpired(url: string): boolean {
  const text = new URL(url).searchParams.get('X-Amz-Date') ?? '';
  const [, ...parts] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const [year = 0, month = 1, ...rest] = parts.map(Number);
  return Date.now() > Date.UTC(year, month - 1, ...rest) + 2000;
}

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
    await untilWaiting(pool); // its mark waits for our lock
    await program.kill('SIGKILL');
    await expect(answer).rejects.toThrow('fetch failed');
    // Postgres would not notice that its client is gone.
    await terminateWaiting(pool);
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
}
