import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { listen } from '@touchstone/kit/app/http';
import { expect, test, vi } from 'vitest';
import { type BodyLimits, readBody } from './read-body.ts';
import { createSigningSecret } from './secrets.ts';
import { signStandard, signStripe } from './sign.ts';
import { createVerifier } from './signatures.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const body = Buffer.from('{"id":"evt_1"}');
const clock = () => NOW;

test('A verifier returns the id of the event, and says which header is missing', () => {
  const secret = createSigningSecret();
  const secrets = [secret];
  const signed = { id: 'msg_1', body, at: NOW, secrets };
  const standard = createVerifier({
    scheme: 'standard',
    secrets,
    clock,
  });
  const stripe = createVerifier({ scheme: 'stripe', secrets, clock });
  const headers = signStandard(signed);

  expect(standard({ headers, body })).toBe('msg_1');
  const stripeHeaders = signStripe(signed);
  expect(stripe({ headers: stripeHeaders, body })).toBe('evt_1');
  for (const name of Object.keys(headers))
    for (const value of ['', ['a', 'b'], undefined]) {
      const others = { ...headers, [name]: value };
      expect(() => standard({ headers: others, body })).toThrow(
        `Send the header ${name}`,
      );
    }
  const unprefixed = { scheme: 'standard', clock } as const;
  const key = secret.slice('whsec_'.length);
  const verify = createVerifier({ ...unprefixed, secrets: [key] });
  expect(verify({ headers, body })).toBe('msg_1');
});

test('A verifier refuses timestamps that are not near, or not whole seconds', () => {
  const secrets = [createSigningSecret()];
  const options = { scheme: 'standard', secrets, clock } as const;
  const verify = createVerifier(options);
  const strict = createVerifier({ ...options, toleranceSeconds: 1 });
  const send = (seconds: number) => {
    const at = new Date(NOW.getTime() - seconds * 1000);
    const headers = signStandard({ id: 'msg_1', body, at, secrets });
    return { headers, body };
  };

  for (const seconds of [-300, 0, 300])
    expect(verify(send(seconds))).toBe('msg_1');
  for (const seconds of [-301, 301])
    expect(() => verify(send(seconds))).toThrow(
      'The timestamp is too far from now',
    );
  expect(strict(send(1))).toBe('msg_1');
  expect(() => strict(send(2))).toThrow('too far');
  // Half a second later, the whole seconds are the same.
  const later = () => new Date(NOW.getTime() + 500);
  const half = createVerifier({ ...options, clock: later });
  expect(half(send(300))).toBe('msg_1');
  const broken = [
    { ...options, toleranceSeconds: Number.NaN },
    { ...options, clock: () => new Date('no date') },
  ];
  for (const each of broken)
    expect(() => createVerifier(each)(send(0))).toThrow('too far');
  // Node reads these as the number of the seconds now.
  const seconds = NOW.getTime() / 1000;
  for (const text of [`${seconds}.0`, `0x${seconds.toString(16)}`]) {
    const headers = signText(text, secrets);
    expect(() => verify({ headers, body })).toThrow('too far');
  }
});

test('A verifier takes the time of the machine unless it has a clock', () => {
  const secrets = [createSigningSecret()];
  const verify = createVerifier({ scheme: 'stripe', secrets });
  const sign = (at: Date) => signStripe({ body, at, secrets });

  expect(verify({ headers: sign(new Date()), body })).toBe('evt_1');
  expect(() => verify({ headers: sign(NOW), body })).toThrow('too far');
});

test('A verifier refuses an event whose id cannot be kept, though it is signed', () => {
  const secrets = [createSigningSecret()];
  const verify = createVerifier({ scheme: 'stripe', secrets, clock });
  const ids = [
    '',
    7,
    null,
    'x'.repeat(256),
    'a\u0000b',
    'ë',
    undefined,
  ];
  const texts = [
    ...ids.map((id) => JSON.stringify({ id })),
    'no JSON',
    'null',
    '"text"',
  ];

  for (const text of texts) {
    const bytes = Buffer.from(text);
    const headers = signStripe({ body: bytes, at: NOW, secrets });
    expect(() => verify({ headers, body: bytes })).toThrow(
      expect.objectContaining({
        name: 'HttpProblem',
        status: 400,
        code: 'invalid_signature',
        expose: true,
        message: 'The event has no id that can be kept',
      }),
    );
  }
  const longest = Buffer.from(JSON.stringify({ id: '~'.repeat(255) }));
  const headers = signStripe({ body: longest, at: NOW, secrets });
  expect(verify({ headers, body: longest })).toHaveLength(255);
});

test('A verifier of Standard Webhooks reads the signatures of v1 only', () => {
  const secrets = [createSigningSecret()];
  const verify = createVerifier({ scheme: 'standard', secrets, clock });
  const signed = signStandard({ id: 'msg_1', body, at: NOW, secrets });
  const check = (signatures: string) =>
    verify({
      headers: { ...signed, 'webhook-signature': signatures },
      body,
    });
  const good = signed['webhook-signature'];

  expect(check(`v1a,x v1,y ${good}`)).toBe('msg_1');
  const mac = good.slice('v1,'.length);
  for (const signatures of [`v1a,${mac}`, `v2,${mac}`, mac, 'v1,'])
    expect(() => check(signatures)).toThrow('No signature matches');
});

test('A verifier of Stripe reads the last timestamp, and the signatures of v1 only', () => {
  const secrets = [createSigningSecret()];
  const verify = createVerifier({ scheme: 'stripe', secrets, clock });
  const { 'stripe-signature': header } = signStripe({
    body,
    at: NOW,
    secrets,
  });
  const check = (signature: string) =>
    verify({ headers: { 'stripe-signature': signature }, body });
  const [time = '', mac = ''] = header.split(',');

  expect(check(`t=1,${header}`)).toBe('evt_1');
  expect(check(`${time},v1=00,v0=11,v1,${mac}`)).toBe('evt_1');
  const none = [
    `${header},t=1`,
    mac,
    time,
    `${time},${mac.replace('v1', 'v0')}`,
    `${time},v1=`,
    `${time},v1=${mac.slice(3, -1)}`,
    `${time},${mac}00`,
  ];
  for (const signature of none)
    expect(() => check(signature)).toThrow(
      expect.objectContaining({ code: 'invalid_signature' }),
    );
});

test('A body is read to its last byte at the limit, whatever its chunks are', async () => {
  await using reader = await startReader({ maxBytes: 1000 });
  const bytes = Buffer.from(
    Array.from({ length: 1000 }, (_, n) => n % 256),
  );

  for (const sizes of [1000, 1, 7, 400])
    expect(await reader.send(cut(bytes, sizes))).toEqual(bytes);
  expect(await reader.send([])).toEqual(Buffer.alloc(0));
  const announced = `content-length: 1000\r\n\r\n${bytes.toString('latin1')}`;
  expect(await reader.write(announced)).toEqual(bytes);
  for (const sizes of [1001, 1])
    expect(
      await reader.send(cut(Buffer.alloc(1001), sizes)),
    ).toMatchObject({
      name: 'HttpProblem',
      status: 413,
      code: 'too_large',
      message: 'Send at most 1000 bytes',
      expose: true,
    });
  expect(
    await reader.write('content-length: 1001\r\n\r\n'),
  ).toMatchObject({ code: 'too_large' });
  expect(
    await reader.write('content-encoding: br\r\n\r\n'),
  ).toMatchObject({ status: 415, code: 'compressed_body' });
});

test('A body that a parser has read already is a fault of the server', async () => {
  await using server = await listen(async (request, response) => {
    await request.toArray();
    await readBody(request).catch(({ message }) =>
      response.end(message),
    );
  });

  const answer = await fetch(server.url, {
    method: 'POST',
    body: '{}',
  });

  expect(await answer.text()).toBe('A body parser has read the body');
});

test('A body that ends too early, or takes too long, is refused', async () => {
  await using reader = await startReader({ seconds: 0.2 });

  const cutOff = reader.write('content-length: 9\r\n\r\nx', true);
  expect(await cutOff).toMatchObject({
    status: 400,
    code: 'cut_off',
    message: 'The body ended too early',
  });
  const slow = reader.write('content-length: 9\r\n\r\nx');
  expect(await slow).toMatchObject({
    status: 408,
    code: 'too_slow',
    message: 'Send it within 0.2 seconds',
  });
});

test('A body has 10 seconds and 256 kB, and takes at most twice its size', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const slow = startRequest();
    const refused = expect(slow).rejects.toThrow(
      'Send it within 10 seconds',
    );
    vi.advanceTimersByTime(9999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    await refused;

    const half = Buffer.alloc(128 * 1024, 'x');
    const bytes = await startRequest(half, half, null);
    expect(bytes).toEqual(Buffer.concat([half, half]));
    expect(bytes.buffer.byteLength).toBe(256 * 1024);
    await setImmediate(); // the request is closed
    expect(vi.getTimerCount()).toBe(0);
    const more = startRequest(half, half, Buffer.from('x'));
    await expect(more).rejects.toThrow('Send at most 262144 bytes');
  } finally {
    vi.useRealTimers();
  }
});

/** The body of a request that gets these chunks; null ends it. */
function startRequest(...chunks: (Buffer | null)[]) {
  const request = new IncomingMessage(new Socket());
  for (const chunk of chunks) request.push(chunk);
  return readBody(request);
}

/** As signStandard does, with a timestamp of any text. */
function signText(timestamp: string, secrets: string[]) {
  const id = `msg_1.${timestamp}`;
  const signed = signStandard({ id, body, at: NOW, secrets });
  return { ...signed, 'webhook-timestamp': timestamp };
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces = Math.ceil(bytes.length / size);
  return Array.from({ length: pieces }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
}

/** A server that reads one body of each connection, and gives it, or its error, to the caller. */
async function startReader(limits: BodyLimits) {
  let read = Promise.withResolvers<unknown>();
  const server = await listen(async (request, response) => {
    const found = await readBody(request, limits).catch(
      (error) => error,
    );
    read.resolve(found);
    response.setHeader('connection', 'close').end();
  });
  const port = Number(new URL(server.url).port);

  async function write(text: string, isCutOff = false) {
    read = Promise.withResolvers();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`POST / HTTP/1.1\r\nhost: a\r\n${text}`, 'latin1');
    if (isCutOff) socket.end();
    const found = await read.promise;
    socket.destroy();
    return found;
  }

  /** In chunks, as they are. */
  function send(chunks: Buffer[]) {
    const parts = chunks.map(
      (chunk) =>
        `${chunk.length.toString(16)}\r\n${chunk.toString('latin1')}\r\n`,
    );
    const head = 'transfer-encoding: chunked\r\n\r\n';
    return write(`${head}${parts.join('')}0\r\n\r\n`);
  }

  return {
    write,
    send,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}
