import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { EICAR } from '@touchstone/kit/scanning/clamd';
import { waitUntil } from '@touchstone/kit/time/wait';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { createClamdScanner } from './clamd-scanner.ts';
import { createInspector, INSPECTOR } from './create-inspector.ts';
import { inspectUpload } from './inspect-upload.ts';
import { limitProcess } from './limit-process.ts';
import { clamd } from './test-app.ts';
import { startTroubledClamd } from './test-clamd.ts';
import { HOSTILE, hostile } from './test-hostile.ts';
import {
  makeBomb,
  makePhoto,
  makePicture,
  readColours,
} from './test-images.ts';

const { signal } = new AbortController();
const [node = ''] = INSPECTOR;
const text = { bytes: Buffer.from('x'), declaredType: 'image/png' };

test('An upload that is what it says comes back written again, and a PDF as it is', async () => {
  const inspect = createInspector();
  const written = {
    jpeg: 'image/jpeg',
    png: 'image/png',
    webp: 'image/webp',
    gif: 'image/png', // its first frame
  };
  for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
    const bytes = await makePicture(format);
    const declaredType = `image/${format}`;
    const verdict = await inspect({ bytes, declaredType }, signal);
    if ('refused' in verdict) throw new Error(verdict.refused);
    expect(verdict.type).toBe(written[format]);
    expect(await readColours(Buffer.from(verdict.bytes))).toBe(
      '640 × 320, red to blue',
    );
  }
  const pdf = {
    bytes: Buffer.from('%PDF-1.4\n'),
    declaredType: 'application/pdf',
  };
  expect(await inspect(pdf, signal)).toEqual({
    bytes: pdf.bytes,
    type: pdf.declaredType,
  });
});

test('In the child, the bytes decide what an upload is, and what is left of it', async () => {
  const limits = { maxPixels: 1_000_000, maxBytes: 1_000_000 };
  const inspect = (bytes: Uint8Array, declaredType: string) =>
    inspectUpload({ bytes, declaredType }, limits);

  for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
    const bytes = await makePicture(format);
    const made = await inspect(bytes, `image/${format}`);
    const image = Buffer.from(made.bytes ?? '');
    expect(await sharp(image).metadata()).toMatchObject({
      width: 640,
      height: 320,
      format: format === 'gif' ? 'png' : format,
    });
    expect(made).toMatchObject({
      type: format === 'gif' ? 'image/png' : `image/${format}`,
    });
    const half = bytes.subarray(0, Math.floor(bytes.length * 0.7));
    expect(await inspect(half, `image/${format}`)).toEqual({
      refused: 'unreadable',
    });
    expect(await inspect(bytes, 'text/html')).toEqual({
      refused: 'wrong_type',
    });
  }
  const turned = await inspect(await makePhoto(), 'image/jpeg');
  expect(await readColours(Buffer.from(turned.bytes ?? ''))).toBe(
    '320 × 640, red to blue',
  );
  const pdf = Buffer.from('%PDF-1.4\n');
  expect(await inspect(pdf, 'application/pdf')).toEqual({
    bytes: pdf,
    type: 'application/pdf',
  });
  const zip = Buffer.from('PK\x03\x04'.padEnd(64, '\0'));
  expect(await inspect(zip, 'application/zip')).toEqual({
    refused: 'wrong_type',
  });
  expect(await inspect(Buffer.from('text'), 'unknown')).toEqual({
    refused: 'wrong_type',
  });
});

test('The limits on pixels and on bytes are reached, not passed', async () => {
  const limits = { maxPixels: 1_000_000, maxBytes: 1000 };
  const inspect = (bytes: Buffer, more = {}) =>
    inspectUpload(
      { bytes, declaredType: 'image/png' },
      { ...limits, ...more },
    );

  const made = await inspect(makeBomb(1000, 1000), { maxBytes: 1e6 });
  expect(made).toMatchObject({ type: 'image/png' });
  const maxBytes = made.bytes?.length ?? 0;
  expect(
    await inspect(makeBomb(1000, 1000), { maxBytes }),
  ).toMatchObject({ type: 'image/png' });
  expect(
    await inspect(makeBomb(1000, 1000), { maxBytes: maxBytes - 1 }),
  ).toEqual({ refused: 'too_large' });
  expect(await inspect(makeBomb(1001, 1000))).toEqual({
    refused: 'too_many_pixels',
  });
});

test('Of the decoders of libvips, only those of the accepted formats are left', async () => {
  const [jpeg, tiff] = await Promise.all([
    makePicture('jpeg'),
    makePicture('tiff'),
  ]);
  const svg = Buffer.from('<svg width="1" height="1"/>');

  expect(await sharp(jpeg).metadata()).toMatchObject({
    format: 'jpeg',
  });
  for (const image of [tiff, svg])
    await expect(sharp(image).metadata()).rejects.toThrow();
});

test('A decoder that was taken over has no password, opens no file and no connection', async () => {
  const { bytes } = await hostile('break out')(text, signal);

  expect(`${bytes}`).toBe('EMFILE,EMFILE,PATH,VIPS_DISC_THRESHOLD,4g');
});

test('The command may start the decoder through a program that prints something first', async () => {
  const wrapper = ['sh', '-c', 'echo starting; exec "$@"', 'sh'];
  const inspect = createInspector({}, [...wrapper, ...INSPECTOR]);

  expect(await inspect(text, signal)).toEqual({
    refused: 'wrong_type',
  });
});

test('A decoder has its limits by default, and what the sender said', async () => {
  const { bytes } = await hostile('repeat its order')(text, signal);

  expect(JSON.parse(`${bytes}`)).toEqual({
    declaredType: 'image/png',
    seconds: 20,
    megabytes: 1024,
    maxPixels: 50_000_000,
    maxBytes: 25_000_000,
  });
});

test('A decoder that was taken over cannot make up a verdict, or answer without end', async () => {
  const limits = { maxBytes: 1_000_000 };
  for (const act of [
    'answer nonsense',
    'answer no reason',
    'answer a page',
    'answer too much',
    'answer without end',
    'die',
  ])
    await expect(hostile(act, limits)(text, signal)).rejects.toThrow(
      expect.objectContaining({ name: 'DecoderDiedError' }),
    );
  const full = await hostile('answer all it may', limits)(text, signal);
  expect(full.bytes).toHaveLength(1_000_078);
  const large = { ...text, bytes: Buffer.alloc(1_000_000) };
  await expect(hostile('end unread')(large, signal)).rejects.toThrow(
    'The decoder died: 7',
  );
  expect(await hostile('end well')(text, signal)).toEqual({
    refused: 'unreadable',
  });
});

test('Of the words of a decoder, only the reasons and types that it has count', async () => {
  const say = (word: string) => hostile(`say ${word}`)(text, signal);
  const reasons = [
    'wrong_type',
    'too_many_pixels',
    'too_large',
    'unreadable',
  ];
  const types = [
    'image/jpeg',
    'image/png',
    'image/webp',
    'application/pdf',
  ];

  const refused = await Promise.all(reasons.map(say));
  expect(refused).toEqual(
    reasons.map((reason) => ({ refused: reason })),
  );
  const published = await Promise.all(types.map(say));
  const bytes = Buffer.alloc(0);
  expect(published).toEqual(types.map((type) => ({ type, bytes })));
  const words = ['too_large', 'image/png'];
  const others = words.flatMap((word) => [`x${word}`, `${word}x`]);
  for (const other of others)
    await expect(say(other)).rejects.toThrow('It is not a verdict');
});

test('A process is limited by the kernel in what it may use and open', async () => {
  const child = spawn(node, [HOSTILE, 'be limited']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const { pid = 0 } = child;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const used = Number(/VmData:\s+(\d+)/.exec(status)?.[1]) * 1024;
  limitProcess(pid, { seconds: 6.5, megabytes: 100 });
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');

  const read = (name: string) =>
    Number(new RegExp(`Max ${name} +(\\d+)`).exec(limits)?.[1]);
  expect(read('cpu time')).toBe(7);
  expect(read('file size')).toBe(0);
  expect(read('open files')).toBe(0);
  const more = read('data size') - used - 100 * 1024 ** 2;
  expect(Math.abs(more)).toBeLessThan(10 * 1024 ** 2);
});

test('Limits that are not numbers above 0 are refused', () => {
  for (const name of ['seconds', 'megabytes', 'maxPixels', 'maxBytes'])
    for (const value of [0, -1, Number.NaN])
      expect(() => createInspector({ [name]: value })).toThrow(
        `${name} must be above 0`,
      );
});

test('A decoder ends with its signal, at its time limit, and at no other signal', async () => {
  const children = listChildren();
  const abort = new AbortController();
  const hanging = hostile('hang')(text, abort.signal);
  await waitUntil(
    'it runs',
    () => listChildren().length > children.length,
  );
  const [pid] = listChildren().filter((one) => !children.includes(one));
  abort.abort(new Error('stopped'));
  await expect(hanging).rejects.toThrow('aborted');
  await waitUntil('it has ended', () => !existsSync(`/proc/${pid}`));

  await expect(
    hostile('hang', { seconds: 0.2 })(text, signal),
  ).rejects.toThrow('No verdict: it was stopped');

  const order = JSON.stringify({ seconds: 9, megabytes: 512 });
  const [, program = ''] = INSPECTOR;
  const child = spawn(node, [program, order]);
  await once(child.stdout, 'data');
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    child.kill(name);
  child.stdin.end('x');
  const [answer] = await once(child.stdout, 'data');
  expect(`${answer}`).toBe('wrong_type\n');
});

test('clamd is asked about the whole of a file of megabytes, and about an empty one', async () => {
  const scan = createClamdScanner(clamd);
  const large = Buffer.alloc(5_000_000);

  expect(await scan(large, signal)).toBeUndefined();
  large.write(EICAR, large.length - EICAR.length);
  expect(await scan(large, signal)).toBe('Eicar-Test.UNOFFICIAL');
  expect(await scan(Buffer.alloc(0), signal)).toBeUndefined();
});

test('clamd hears one chunk and the end of the stream, at the address that was named', async () => {
  const named = await startTroubledClamd('stream: OK\0', '127.0.0.2');

  const scan = createClamdScanner(named);
  expect(await scan(Buffer.from('abc'), signal)).toBeUndefined();
  expect(`${await named.heard}`).toBe(
    'zINSTREAM\0\0\0\0\x03abc\0\0\0\0',
  );
});

test('Whatever clamd says but clean or found is an error, and so is its silence', async () => {
  const bytes = Buffer.from('x');
  const answers = [
    '',
    'stream: OK',
    'stream: scan failed. ERROR\0',
    'INSTREAM size limit exceeded. ERROR\0',
    'stream: X FOUND\0stream: OK\0',
    'INSTREAM stream: X FOUND\0',
  ];
  for (const answer of answers) {
    const scan = createClamdScanner(await startTroubledClamd(answer));
    await expect(scan(bytes, signal)).rejects.toThrow(
      'clamd cannot tell',
    );
  }
  const silent = await startTroubledClamd();
  const scan = createClamdScanner(silent);
  const stopped = AbortSignal.timeout(10);
  await expect(scan(bytes, stopped)).rejects.toThrow('aborted');
});

function listChildren(): string[] {
  const { pid } = process;
  const file = `/proc/${pid}/task/${pid}/children`;
  return readFileSync(file, 'utf8').trim().split(' ');
}
