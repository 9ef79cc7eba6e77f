import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { parse } from 'content-disposition';
import sharp from 'sharp';
import { expect } from 'vitest';
import { createClamdScanner } from './clamd-scanner.ts';
import type { Upload, Verdict } from './inspect-upload.ts';
import { createSandbox } from './sandbox.ts';
import { startTestApp } from './test-app.ts';
import { watchChildren } from './test-children.ts';
import { startTroubledClamd } from './test-clamd.ts';
import { createClient } from './test-client.ts';
import {
  addChunk,
  makeBomb,
  makeInterlaced,
  makePhoto,
  makePicture,
  readColours,
  readLatitude,
} from './test-images.ts';
import { clamd, store } from './test-services.ts';

const MAIN = new URL('main.ts', import.meta.url);
const SCRIPT = '<script>alert(document.cookie)</script>';
const SVG = `<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`;
const PNG = { type: 'image/png' };

failure(
  'HTML or an SVG with a script says that it is an image',
  {
    symptom: '`rejected` as `wrong_type`; its content is 404',
    defence: 'inspect-upload',
    remains:
      'SVG is refused altogether: show it as a PNG that you made',
  },
  async () => {
    await using app = await startTestApp();
    const lies: [string | Buffer, string][] = [
      [`<!doctype html>${SCRIPT}`, 'image/png'],
      [SVG, 'image/png'],
      [SVG, 'image/svg+xml'],
      [`<?xml version="1.0"?>${SVG}`, 'application/xml'],
      [await makePicture('png'), 'image/jpeg'],
      [await makePicture('png'), 'text/html'],
    ];

    for (const [body, type] of lies) {
      const id = await app.upload(body, { type });
      await app.processAll();
      expect(await app.look(id)).toMatchObject({
        state: 'rejected',
        reason: 'wrong_type',
      });
      expect((await app.download(id)).status).toBe(404);
    }
    expect(await app.listPublished()).toEqual([]);
  },
);

failure(
  'A real image carries HTML, a script or an archive besides its pixels',
  {
    symptom: '`published`, the same picture without what it carried',
    defence: 'inspect-upload',
    remains:
      'Pixels can be chosen so that even the new file holds a short text: the headers see to it that nothing runs it',
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
    const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
    const polyglots: [Buffer, string][] = [
      [Buffer.concat([png, text]), 'png'],
      [Buffer.concat([png, archive]), 'png'],
      [addChunk(png, 'tEXt', `Comment\0${SCRIPT}`), 'png'],
      [Buffer.concat([gif, archive]), 'gif'], // as a GIFAR is
      [
        Buffer.concat([
          jpeg.subarray(0, 2),
          comment,
          text,
          jpeg.subarray(2),
        ]),
        'jpeg',
      ],
    ];

    for (const [polyglot, format] of polyglots) {
      const type = `image/${format}`;
      const id = await app.upload(polyglot, { type });
      await app.processAll();
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
      'An image just below the limit is decoded: it costs its seconds and its memory, in the sandbox',
  },
  async () => {
    await using app = await startTestApp();
    const bomb = makeBomb(10_000, 10_000);
    expect(bomb.length).toBeLessThan(20_000);

    const id = await app.upload(bomb, PNG);
    await app.processAll();

    expect(await app.look(id)).toMatchObject({
      state: 'rejected',
      reason: 'too_many_pixels',
    });
    const small = await app.upload(makeBomb(1000, 1000), PNG);
    await app.processAll();
    expect(await app.look(small)).toMatchObject({ state: 'published' });
  },
);

failure(
  'A photo tells where it was taken, and is stored on its side',
  {
    symptom: 'None: it is published upright, and tells no place',
    defence: 'inspect-upload',
    remains:
      'What can be seen in the picture. A PDF keeps all its metadata',
  },
  async () => {
    await using app = await startTestApp();
    const photo = await makePhoto();
    expect(readLatitude(photo)).toBe('52° 31′ 12″');
    const id = await app.upload(photo, { type: 'image/jpeg' });
    await app.processAll();

    const { bytes } = await app.download(id);
    expect(readLatitude(bytes)).toBeUndefined();
    const { exif, xmp, iptc, orientation } =
      await sharp(bytes).metadata();
    expect({ exif, xmp, iptc, orientation }).toEqual({});
    // Tag 6 says: turn it clockwise. What was left is now above.
    expect(await readColours(bytes)).toBe('320 × 640, red to blue');
  },
);

failure(
  'An image is cut off or damaged',
  {
    symptom: '`rejected` as `unreadable`',
    defence: 'inspect-upload',
    remains:
      'Damage that only changes colours is a picture like any other',
  },
  async () => {
    await using app = await startTestApp();
    for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
      const whole = await makePicture(format);
      const half = whole.subarray(0, Math.floor(whole.length * 0.7));
      const id = await app.upload(half, { type: `image/${format}` });
      await app.processAll();
      expect(await app.look(id)).toMatchObject({
        state: 'rejected',
        reason: 'unreadable',
      });
    }
  },
);

failure(
  'An image needs more memory or time than it may, or its decoder crashes',
  {
    symptom:
      'The sandbox ends and the server goes on; after three tries `rejected` as `too_expensive`',
    defence: 'run-in-sandbox',
    remains:
      'Memory is limited on Linux only; elsewhere only pixels and seconds are',
  },
  async () => {
    const image = await makeInterlaced(6000, 6000);
    const children = watchChildren();

    for (const limits of [{ megabytes: 50 }, { seconds: 0.1 }]) {
      await using app = await startTestApp({ limits });
      const id = await app.upload(image, PNG);
      await app.processAll();
      expect(await app.look(id)).toMatchObject({
        state: 'rejected',
        reason: 'too_expensive',
      });
    }

    await using app = await startTestApp({
      inspect: crashOnce(createSandbox()),
    });
    const id = await app.upload(await makePicture('png'), PNG);
    await app.processAll();
    expect(await app.look(id)).toMatchObject({ state: 'published' });
    expect(app.logged).toEqual([
      'file stays in quarantine SandboxError: No verdict',
    ]);

    function crashOnce(inspect: (upload: Upload) => Promise<Verdict>) {
      let crashed = false;
      return async (upload: Upload) => {
        const verdict = inspect(upload);
        if (!crashed) children.at(-1)?.kill('SIGKILL');
        crashed = true;
        return verdict;
      };
    }
  },
);

failure(
  'The server is killed while it looks at a file',
  {
    symptom:
      'The file stays `quarantined` for the rest of its lease; then another worker publishes it',
    defence: 'claim-a-file',
    remains:
      'Killed after the last step but one, it leaves an object in quarantine: let the bucket expire them',
  },
  async () => {
    await using app = await startTestApp();
    const silent = await startTroubledClamd();
    await using first = await startProgram(
      MAIN,
      configure(app, silent),
    );
    const image = await makePicture('png');
    const id = await createClient(first.url).upload(image, PNG);
    await silent.asked;
    await first.kill('SIGKILL');

    await using second = await startProgram(
      MAIN,
      configure(app, clamd),
    );
    const again = createClient(second.url);
    expect(await again.look(id)).toMatchObject({
      state: 'quarantined',
    });
    expect(await app.listPublished()).toEqual([]);
    await app.passTime(120);
    await waitUntil('it is published', async () => {
      return (await again.look(id)).state === 'published';
    });
    expect((await again.download(id)).status).toBe(200);
  },
);

failure(
  'Two workers reach for one file, and one of them comes back late',
  {
    symptom:
      'It is looked at once; whoever has lost the lease changes nothing',
    defence: 'claim-a-file',
    remains:
      'What the late one published is an object that no row names',
  },
  async () => {
    const verdicts = [createGate<Verdict>(), createGate<Verdict>()];
    let looks = 0;
    await using app = await startTestApp({
      inspect: () => verdicts[looks++]?.opened ?? Promise.reject(),
    });
    const id = await app.upload('x', PNG);

    const first = app.files.processNext();
    await waitUntil('one looks at it', () => looks === 1);
    const others = Array.from({ length: 7 }, app.files.processNext);
    expect(await Promise.all(others)).not.toContain(true);
    expect(looks).toBe(1);

    await app.passTime(120);
    const second = app.files.processNext();
    await waitUntil('another looks at it', () => looks === 2);
    verdicts[1]?.open({ bytes: Buffer.from('x'), type: 'image/png' });
    await second;
    verdicts[0]?.open({ refused: 'unreadable' });
    await first;
    expect(await app.look(id)).toMatchObject({ state: 'published' });
  },
);

failure(
  'The virus scanner is away, or cannot tell',
  {
    symptom:
      '`quarantined`, and the log has `file stays in quarantine`, for as long as it takes',
    defence: 'give-back',
    remains:
      'clamd finds what it has signatures for, in files within its own limits: set `AlertExceedsMax`',
  },
  async () => {
    let scan = createClamdScanner(await startTroubledClamd('nonsense'));
    await using app = await startTestApp({
      scan: (bytes) => scan(bytes),
    });
    const id = await app.upload(await makePicture('png'), PNG);

    for (let tries = 1; tries <= 5; tries++) {
      expect(await app.processAll()).toBe(1);
      expect(await app.look(id)).toMatchObject({
        state: 'quarantined',
      });
      await app.passTime(10);
    }
    expect(app.logged[4]).toBe(
      'file stays in quarantine Error: clamd cannot tell: nonsense',
    );
    expect((await app.download(id)).status).toBe(404);
    scan = createClamdScanner(clamd);
    await app.processAll();
    expect(await app.look(id)).toMatchObject({ state: 'published' });
  },
);

failure(
  'A name has `../`, NUL, CR LF or a character that turns the text around',
  {
    symptom:
      'None: it is a name without them, with the extension of what is published',
    defence: 'clean-name',
    remains: 'Letters of two alphabets that look alike',
  },
  async () => {
    await using app = await startTestApp();
    const names: [string, string][] = [
      ['../../etc/passwd', 'passwd'],
      ['C:\\Windows\\photo.png', 'photo'],
      ['photo\0.png', 'photo'],
      [
        'photo\r\nset-cookie: session=eve.png',
        'photoset-cookie: session=eve',
      ],
      ['photo\u202egnp.exe', 'photognp'],
      ['photo.html', 'photo'],
      ['"; filename=run.exe', '"; filename=run'],
      ['..', 'file'],
    ];
    const image = await makePicture('png');

    for (const [name, clean] of names) {
      const id = await app.upload(image, { type: 'image/png', name });
      await app.processAll();
      const { headers } = await app.download(id);
      const header = headers.get('content-disposition') ?? '';
      expect(parse(header)).toEqual({
        type: 'attachment',
        parameters: { filename: `${clean}.png` },
      });
      expect(headers.get('set-cookie')).toBeNull();
    }
  },
);

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

/** A promise, and the function that keeps it. */
function createGate<T>() {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}
