import { Readable } from 'node:stream';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { parse } from 'content-disposition';
import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { createClamdScanner } from './clamd-scanner.ts';
import { createInspector } from './create-inspector.ts';
import { clamd, startTestApp, store } from './test-app.ts';
import { startTroubledClamd } from './test-clamd.ts';
import { createFileClient } from './test-client.ts';
import { hostile } from './test-hostile.ts';
import {
  addChunk,
  makeBomb,
  makeInterlaced,
  makePhoto,
  makePicture,
  readColours,
  readLatitude,
} from './test-images.ts';
import './test-inspection-cases.ts';
import './test-file-cases.ts';

const MAIN = new URL('main.ts', import.meta.url);
const SCRIPT = '<script>alert(document.cookie)</script>';
const SVG = `<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`;
const PNG = 'image/png';

failure(
  'HTML or an SVG with a script is uploaded as an image',
  {
    symptom: '`rejected` as `wrong_type`; its content is 404',
    defence: 'inspect-upload',
    remains:
      'SVG, HEIC and animated PNG are refused too: convert them first',
  },
  async () => {
    await using app = await startTestApp();
    const lies: [string | Buffer, string][] = [
      [`<!doctype html>${SCRIPT}`, PNG],
      [SVG, PNG],
      [SVG, 'image/svg+xml'],
      [`<?xml version="1.0"?>${SVG}`, 'application/xml'],
      ['PK\x03\x04'.padEnd(64, '\0'), 'application/zip'],
      ['text', 'unknown'],
      [await makePicture('png'), 'image/jpeg'],
      [await makePicture('png'), 'text/html'],
      [await makePicture('tiff'), 'image/tiff'],
    ];

    for (const [body, type] of lies) {
      const id = await app.upload(body, type);
      await app.runJobs();
      expect(await app.look(id)).toMatchObject({
        state: 'rejected',
        reason: 'wrong_type',
      });
      expect((await app.download(id)).status).toBe(404);
    }
    expect(await app.listKeys('published')).toEqual([]);
  },
);

failure(
  'A real image carries HTML, a script or an archive besides its pixels',
  {
    symptom: '`published`, as the same picture without the hidden data',
    defence: 'inspect-upload',
    remains:
      'Pixels can be chosen so that even the new file holds a short text: the headers keep browsers from running it',
  },
  async () => {
    await using app = await startTestApp();
    const [png, gif, jpeg] = await Promise.all([
      makePicture('png'),
      makePicture('gif'),
      makePicture('jpeg'),
    ]);
    const archive = Buffer.from(`PK\x03\x04${SCRIPT}PK\x05\x06`);
    const text = Buffer.from(SCRIPT);
    const start = jpeg.subarray(0, 2);
    const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
    const commented = [start, comment, text, jpeg.subarray(2)];
    const polyglots: [Buffer, string][] = [
      [Buffer.concat([png, text]), 'png'],
      [Buffer.concat([png, archive]), 'png'],
      [addChunk(png, 'tEXt', `Comment\0${SCRIPT}`), 'png'],
      [Buffer.concat([gif, archive]), 'gif'], // as a GIFAR is
      [Buffer.concat(commented), 'jpeg'],
    ];

    for (const [polyglot, format] of polyglots) {
      const id = await app.upload(polyglot, `image/${format}`);
      await app.runJobs();
      const { bytes } = await app.download(id);
      expect(bytes.includes('script')).toBe(false);
      expect(bytes.includes('PK\x03\x04')).toBe(false);
      expect(await readColours(bytes)).toBe(await readColours(png));
    }
  },
);

failure(
  'A few kilobytes unpack to a hundred million pixels',
  {
    symptom:
      '`rejected` as `too_many_pixels`, before a pixel is unpacked',
    defence: 'inspect-upload',
    remains:
      'An image just below the limit is decoded: it costs its seconds and its memory, in the child process. WebP with transparency needs more than the default `megabytes` above 30 million pixels, and is `unreadable` without',
  },
  async () => {
    await using app = await startTestApp();
    const bomb = makeBomb(10_000, 10_000);
    expect(bomb.length).toBeLessThan(20_000);

    const id = await app.upload(bomb, PNG);
    await app.runJobs();

    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'too_many_pixels',
    });
  },
);

test('An image is larger once it is written again, too large for the scanner', async () => {
  await using app = await startTestApp();
  // One byte a pixel; written again, it takes three.
  const palette = await sharp({
    create: {
      width: 900,
      height: 900,
      channels: 3,
      background: 'grey',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .png({ palette: true, effort: 1 })
    .toBuffer();
  expect(palette.length).toBeLessThan(1_000_000);

  const id = await app.upload(palette, PNG);
  expect(await app.runJobs()).toEqual(['scan-file: done']);

  expect(await app.look(id)).toMatchObject({
    state: 'rejected',
    reason: 'too_large',
  });
});

failure(
  'A photo says where it was taken, and is stored on its side',
  {
    symptom: 'It is published upright and without its location',
    defence: 'inspect-upload',
    remains:
      'Not covered: what the picture itself shows. A PDF keeps all its metadata',
  },
  async () => {
    await using app = await startTestApp();
    const photo = await makePhoto();
    expect(readLatitude(photo)).toBe('52° 31′ 12″');
    const id = await app.upload(photo, 'image/jpeg');
    await app.runJobs();

    const { bytes } = await app.download(id);
    expect(readLatitude(bytes)).toBeUndefined();
    const { exif, xmp, iptc, orientation } =
      await sharp(bytes).metadata();
    expect({ exif, xmp, iptc, orientation }).toEqual({});
    // Tag 6 says: turn it clockwise. What was left is now above.
    expect(await readColours(bytes)).toBe('320 × 640, red to blue');
  },
);

test('An image is cut off or damaged', async () => {
  await using app = await startTestApp();
  const damaged: [Buffer, string][] = [];
  for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
    const whole = await makePicture(format);
    const half = whole.subarray(0, Math.floor(whole.length * 0.7));
    damaged.push([half, format]);
  }
  const jpeg = await makePicture('jpeg');
  const end = jpeg.indexOf(Buffer.from([0xff, 0xc4])); // a marker
  const parts = [jpeg.subarray(0, end), 'xxxx', jpeg.subarray(end)];
  const between = parts.map((part) => Buffer.from(part));
  damaged.push([Buffer.concat(between), 'jpeg']);

  for (const [body, format] of damaged) {
    const id = await app.upload(body, `image/${format}`);
    await app.runJobs();
    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'unreadable',
    });
  }
});

failure(
  'An image needs more memory or processor time than it may, or kills its decoder',
  {
    symptom:
      'The child process ends, and the server goes on; after three such tries, with pauses, it is `rejected` as `too_expensive` and kept for 30 days',
    defence: 'count-crash',
    remains:
      'When the machine is out of memory, the system may kill a decoder three times: call `rescan`. Off Linux only pixels and waiting are limited',
  },
  async () => {
    const { signal } = new AbortController();
    const bytes = await makeInterlaced(4000, 4000);
    for (const decode of [
      createInspector({ megabytes: 30 }),
      hostile('spin', { seconds: 1 }),
    ])
      await expect(
        decode({ bytes, declaredType: PNG }, signal),
      ).rejects.toMatchObject({
        name: 'DecoderDiedError',
        message: expect.stringContaining('The decoder died: '),
      });

    let inspect = hostile('die');
    await using app = await startTestApp({
      inspect: (upload, signal) => inspect(upload, signal),
    });
    const id = await app.upload(await makePicture('png'), PNG);
    await app.pool.query(
      `insert into files (id, name, declared_type)
       values (gen_random_uuid(), 'another', 'image/png')`,
    );
    for (let crash = 1; crash < 3; crash++) {
      expect(await app.runJobs()).toEqual([
        'DecoderDiedError: The decoder died: SIGSEGV',
      ]);
      expect(await app.look(id)).toMatchObject({
        state: 'quarantined',
      });
      await app.passTime(60);
    }
    expect(await app.runJobs()).toEqual(['scan-file: done']);
    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'too_expensive',
    });
    expect(await app.listKeys('quarantine')).toEqual([id]);

    await app.send('POST', `/files/${id}/rescan`);
    expect(await app.runJobs()).toEqual([
      expect.stringMatching(/DecoderDiedError/),
    ]);
    const { rows } = await app.pool.query(
      'select crashes from files order by crashes',
    );
    expect(rows).toEqual([{ crashes: 0 }, { crashes: 1 }]);
    await app.passTime(60);
    inspect = createInspector();
    await app.runJobs();
    expect(await app.look(id)).toMatchObject({
      state: 'published',
      reason: null,
    });
  },
);

failure(
  'The decoder cannot start: `prlimit` is not on PATH, a library is missing',
  {
    symptom:
      'The file stays `quarantined`, and the log has `job failed` with the error of the child; no crash is counted',
    defence: 'inspect-in-child',
    remains:
      'After 100 attempts, more than two days, the job is in `dead_jobs`: repair the machine, and call `rescan`',
  },
  async () => {
    let inspect = createInspector();
    await using app = await startTestApp({
      inspect: (upload, signal) => inspect(upload, signal),
    });
    const id = await app.upload(await makePicture('png'), PNG);
    vi.stubEnv('PATH', '/nonexistent');
    const error = /No verdict: .*spawnSync prlimit ENOENT/s;
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect(await app.runJobs()).toEqual([
        expect.stringMatching(error),
      ]);
      await app.passTime(60);
    }
    vi.unstubAllEnvs();
    inspect = hostile('end early');
    expect(await app.runJobs()).toEqual([
      expect.stringMatching(/it begins.*a library is missing/s),
    ]);
    const wrappers = ['/nonexistent', '/bin/true', '/bin/echo'];
    for (const wrapper of wrappers) {
      inspect = createInspector({}, [wrapper, 'no such sandbox']);
      await app.passTime(60);
      expect(await app.runJobs()).toEqual([
        expect.stringMatching(/ENOENT|No verdict/),
      ]);
    }

    expect(await app.look(id)).toMatchObject({ state: 'quarantined' });
    const { rows } = await app.pool.query('select crashes from files');
    expect(rows).toEqual([{ crashes: 0 }]);
    inspect = createInspector();
    await app.passTime(60);
    await app.runJobs();
    expect(await app.look(id)).toMatchObject({ state: 'published' });
  },
);

failure(
  'A server is killed in the middle of a scan',
  {
    symptom:
      'The file stays `quarantined` until its lease ends, 135 seconds after the claim; then another worker publishes it',
    defence: 'scan-file',
    remains:
      'The decoder of the killed server goes on until it has used its processor time',
  },
  async () => {
    await using app = await startTestApp();
    const silent = await startTroubledClamd();
    await using first = await startProgram(
      MAIN,
      configure(app, silent),
    );
    const image = await makePicture('png');
    const id = await createFileClient(first.url).upload(image, PNG);
    await silent.asked;
    await first.kill('SIGKILL');

    await using second = await startProgram(
      MAIN,
      configure(app, clamd),
    );
    const again = createFileClient(second.url);
    expect(await again.look(id)).toMatchObject({
      state: 'quarantined',
    });
    expect(await app.listKeys('published')).toEqual([]);
    await app.passTime(150);
    await waitUntil('it is published', async () => {
      return (await again.look(id)).state === 'published';
    });
    expect((await again.download(id)).status).toBe(200);
    await waitUntil('the quarantine is empty', async () => {
      return (await app.listKeys('quarantine')).length === 0;
    });
  },
);

test('A worker comes back after its lease, with another verdict', async () => {
  const inspected = createGate();
  const late = { bytes: Buffer.from('late'), type: 'image/png' };
  let inspections = 0;
  await using app = await startTestApp({
    inspect: async ({ bytes }) => {
      inspections += 1;
      if (inspections > 1) return { bytes, type: PNG };
      await inspected.opened;
      return late;
    },
  });
  const id = await app.upload(await makePicture('png'), PNG);
  const first = app.runJobs();
  await waitUntil('one inspects it', () => inspections === 1);
  expect(await app.runJobs()).toEqual([]);

  await app.passTime(30);
  expect(await app.runJobs()).toEqual([
    'scan-file: done',
    'clean-up-file: done',
  ]);
  const { headers } = await app.download(id);
  inspected.open();
  expect(await first).toEqual([
    'CutOffError: The lease ended before the work did',
  ]);
  expect(await app.listKeys('published')).toHaveLength(2);
  await app.passTime(3600);
  await app.runJobs();
  expect(await app.listKeys('published')).toHaveLength(1);
  const { headers: after } = await app.download(id);
  expect(after.get('etag')).toBe(headers.get('etag'));
});

failure(
  'The virus scanner or the store cannot be reached, or gives no clear answer',
  {
    symptom:
      '`quarantined`, and the log has `job failed`; the pauses grow to an hour, and after more than two days the log has `job is dead`',
    defence: 'scan-file',
    remains:
      'clamd finds what it has signatures for. When its `StreamMaxLength` is below `maxBytes`, jobs fail with `write EPIPE`',
  },
  async () => {
    let scan = createClamdScanner(await startTroubledClamd('nonsense'));
    await using app = await startTestApp({
      scan: (bytes, signal) => scan(bytes, signal),
    });
    const id = await app.upload(await makePicture('png'), PNG);
    const { rows } = await app.pool.query(
      `select max_attempts from jobs where kind = 'scan-file'`,
    );
    expect(rows).toEqual([{ max_attempts: 100 }]);

    for (let tries = 1; tries <= 5; tries++) {
      expect(await app.runJobs()).toEqual([
        'Error: clamd cannot tell: nonsense',
      ]);
      expect(await app.runJobs()).toEqual([]);
      expect(await app.look(id)).toMatchObject({
        state: 'quarantined',
      });
      await app.passTime(60);
    }
    expect((await app.download(id)).status).toBe(404);
    const bytes = await app.buckets.quarantine.read(id);
    await app.buckets.quarantine.remove(id);
    expect(await app.runJobs()).toEqual([
      expect.stringMatching(/NoSuchKey/),
    ]);

    await app.buckets.quarantine.write(id, bytes);
    scan = createClamdScanner(clamd);
    await app.passTime(60);
    await app.runJobs();
    expect(await app.look(id)).toMatchObject({ state: 'published' });
  },
);

failure(
  'An upload breaks off, or the server is killed before the row is written',
  {
    symptom:
      'No row, and no answer with an id; an object that was written is removed an hour later',
    defence: 'receive',
    remains:
      'Parts of an upload that was killed: let the store expire incomplete multipart uploads after a day. When a server is suspended for an hour before it writes the row, the scan finds no bytes: remove that file',
  },
  async () => {
    await using app = await startTestApp();
    const [id = ''] = await breakOff(app);
    await app.buckets.quarantine.write(id, Buffer.from('x'));

    expect(await app.runJobs()).toEqual([]);
    expect(await app.listKeys('quarantine')).toEqual([id]);
    await app.passTime(3600);
    expect(await app.runJobs()).toEqual(['clean-up-file: done']);
    expect(await app.listKeys('quarantine')).toEqual([]);
  },
);

failure(
  'A file is removed while it is scanned',
  {
    symptom: '404 at once; nothing of it is in the store an hour later',
    defence: 'clean-up',
    remains: 'Copies in caches, and in backups of the store',
  },
  async () => {
    const scanned = createGate();
    const asked = createGate();
    await using app = await startTestApp({
      scan: async () => {
        asked.open();
        await scanned.opened;
        return undefined;
      },
    });
    const id = await app.upload(await makePicture('png'), PNG);
    const scanning = app.runJobs();
    await asked.opened;
    const { status } = await app.send('DELETE', `/files/${id}`);
    expect(status).toBe(204);
    expect((await app.send('GET', `/files/${id}`)).status).toBe(404);
    scanned.open();
    await scanning;
    expect(await app.listKeys('quarantine')).toEqual([]);
    expect(await app.listKeys('published')).toHaveLength(1);
    await app.passTime(3600);
    await app.runJobs();
    expect(await app.listKeys('published')).toEqual([]);
  },
);

test('A name has `../`, NUL, CR LF or a character that turns the text around', async () => {
  await using app = await startTestApp();
  const names: [string, string][] = [
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\photo.png', 'photo'],
    ['pho\u0007to.png', 'photo'],
    [
      'photo\r\nset-cookie: session=eve.png',
      'photoset-cookie: session=eve',
    ],
    ['photo\u202egnp.exe', 'photognp'],
    ['photo.html', 'photo'],
    ['"; filename=run.exe', '"; filename=run'],
    ['..', 'file'],
    ['. .htaccess', 'htaccess'],
  ];
  const image = await makePicture('png');
  for (const [name, clean] of names) {
    const id = await app.upload(image, PNG, name);
    await app.runJobs();
    const { headers } = await app.download(id);
    const header = headers.get('content-disposition') ?? '';
    expect(parse(header)).toEqual({
      type: 'attachment',
      parameters: { filename: `${clean}.png` },
    });
    expect(headers.get('set-cookie')).toBeNull();
  }
});

type App = Awaited<ReturnType<typeof startTestApp>>;

/** What main.ts needs to share all but the scanner with the app of a test. */
function configure(
  { databaseUrl, names }: App,
  scanner: { host: string; port: number },
) {
  return {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    S3_ENDPOINT: store.endpoint,
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_REGION: store.region,
    CLAMD_ADDRESS: `${scanner.host}:${scanner.port}`,
    QUARANTINE_BUCKET: names.quarantine,
    PUBLISHED_BUCKET: names.published,
  };
}

/** Begins an upload that never ends; resolves with the ids that its job knows. */
async function breakOff({ files, pool }: App): Promise<string[]> {
  async function* body() {
    yield Buffer.from('abc');
    throw new Error('aborted');
  }
  const receiving = files.receive({
    name: 'x',
    declaredType: PNG,
    body: Readable.from(body()),
  });
  await expect(receiving).rejects.toThrow('aborted');
  const { rows } = await pool.query(
    `select payload ->> 'id' as id from jobs`,
  );
  return rows.map(({ id }) => id);
}

/** A promise, and the function that keeps it. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
