import { waitUntil } from '@touchstone/kit/time/wait';
import { afterEach, expect, it, vi } from 'vitest';
import { addPasskey, offerPasskeys, signIn } from './passkey-client.ts';
import { ORIGIN, startTestApp } from './test-app.ts';
import { createAuthenticator } from './test-authenticator.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('adds a passkey, and signs in with it', async () => {
  await using page = await openPage();
  await page.usePassword();

  await addPasskey('Laptop');
  expect(await page.list()).toMatchObject([{ name: 'Laptop' }]);
  page.jar.clear();
  await signIn();

  expect((await page.me()).status).toBe(200);
  expect(page.asked).toEqual([undefined]);
});

it('throws the code of the answer', async () => {
  await using page = await openPage();
  await expect(addPasskey('Laptop')).rejects.toThrow('session_over');
  await page.usePassword();
  await addPasskey('Laptop');
  await expect(addPasskey('')).rejects.toThrow('invalid_name');
});

it('begins again after four minutes, until the user chooses', async () => {
  await using page = await openPage();
  await page.usePassword();
  await addPasskey('Laptop');
  page.jar.clear();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  page.hold();

  const offer = offerPasskeys(page.tell);
  for (const times of [1, 2]) {
    await untilAsked(page.asked, times);
    vi.advanceTimersByTime(239_999);
    expect(page.asked).toHaveLength(times);
    if (times === 2) page.choose();
    vi.advanceTimersByTime(1);
  }

  expect(await offer).toBe(true);
  expect(page.asked).toEqual([
    'conditional',
    'conditional',
    'conditional',
  ]);
});

it('gives way to another ceremony, also when that begins while it asks for options', async () => {
  await using page = await openPage();
  await page.usePassword();
  await addPasskey('Laptop');
  page.hold();
  const offer = offerPasskeys(page.tell);
  await waitUntil('it waits', () => page.asked.length === 1);
  page.choose();
  await signIn();
  expect(await offer).toBe(false);

  // This one begins while the offer asks for its options.
  const late = offerPasskeys(page.tell);
  const known = expect(addPasskey('Laptop')).rejects.toThrow(
    'not_added',
  );
  expect(await late).toBe(false);
  await known;
  expect(page.asked).toEqual(['conditional', undefined]);
  expect(page.told).toEqual([]);
});

it('goes on after a failure, and tells it', async () => {
  await using page = await openPage();
  await page.usePassword();
  await addPasskey('Laptop');
  page.jar.clear();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  page.goOffline();
  page.next.push(
    () => Promise.reject(new DOMException('no', 'NotAllowedError')),
    // As after a sleep of the laptop.
    () => page.wait(300),
  );

  const offer = offerPasskeys(page.tell);
  for (const times of [1, 2, 3]) {
    await untilAsked(page.told, times);
    const before = page.requests.length;
    vi.advanceTimersByTime(4999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(page.told).toHaveLength(times);
    expect(page.requests).toHaveLength(before);
    vi.advanceTimersByTime(1);
  }

  expect(await offer).toBe(true);
  expect(page.told).toEqual(['offline', 'no', 'challenge_over']);
});

it('does not end an offer by the timer of the one before', async () => {
  await using page = await openPage();
  await page.usePassword();
  await addPasskey('Laptop');
  page.jar.clear();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  page.goOffline();
  page.hold();

  const offer = offerPasskeys(page.tell);
  await untilAsked(page.told, 1);
  vi.advanceTimersByTime(5000);
  await untilAsked(page.asked, 1);
  vi.advanceTimersByTime(239_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(page.told).toEqual(['offline']);
  page.choose();
  vi.advanceTimersByTime(1);

  expect(await offer).toBe(true);
});

it('offers nothing when the browser cannot', async () => {
  await using page = await openPage(false);
  expect(await offerPasskeys(page.tell)).toBe(false);
  expect(page.asked).toEqual([]);
});

async function untilAsked(asked: unknown[], times: number) {
  while (asked.length < times)
    await new Promise((resolve) => setImmediate(resolve));
}

/** The globals of a browser, whose device is a test authenticator. */
async function openPage(hasAutofill = true) {
  const app = await startTestApp();
  const browser = app.open();
  const key = createAuthenticator(ORIGIN);
  const asked: unknown[] = [];
  const told: string[] = [];
  const next: (() => Promise<unknown>)[] = [];
  const requests: string[] = [];
  let isOffline = false;
  let isHeld = false;

  async function create({ publicKey }: CredentialCreationOptions) {
    const challenge = toText(publicKey?.challenge);
    const user = { id: toText(publicKey?.user.id) };
    return toCredential(key.create({ challenge, user }));
  }
  async function get(options: CredentialRequestOptions) {
    const { publicKey, mediation, signal } = options;
    asked.push(mediation);
    await next.shift()?.();
    if (isHeld)
      await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const challenge = toText(publicKey?.challenge);
    return toCredential(key.get({ challenge }));
  }
  vi.stubGlobal('PublicKeyCredential', function PublicKey() {});
  Object.assign(PublicKeyCredential, {
    isConditionalMediationAvailable: async () => hasAutofill,
  });
  vi.stubGlobal('document', { querySelectorAll: () => [{}] });
  vi.stubGlobal('navigator', { credentials: { create, get } });
  const network = fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path.startsWith('http')) return network(path, init);
    requests.push(path);
    if (isOffline) {
      isOffline = false;
      throw new TypeError('offline');
    }
    const body = JSON.parse(`${init.body}`);
    const answer = await browser.call(`${init.method}`, path, body);
    return Response.json(answer.body, { status: answer.status });
  });
  return {
    ...browser,
    asked,
    requests,
    told,
    tell: (error: unknown) => {
      told.push(error instanceof Error ? error.message : 'no error');
    },
    /** What the device does before it answers. */
    next,
    wait: app.wait,
    goOffline: () => {
      isOffline = true;
    },
    hold: () => {
      isHeld = true;
    },
    choose: () => {
      isHeld = false;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

type Answer = {
  id: string;
  response: Record<string, string | undefined>;
};

function toCredential({ id, response }: Answer) {
  const bytes = Object.entries(response).map(([name, text]) => [
    name,
    toBytes(`${text}`),
  ]);
  return {
    id,
    rawId: toBytes(id),
    type: 'public-key',
    response: Object.fromEntries(bytes),
    getClientExtensionResults: () => ({}),
  };
}

const toBytes = (text: string) =>
  new Uint8Array(Buffer.from(text, 'base64url')).buffer;

function toText(bytes: BufferSource | undefined): string {
  if (!(bytes instanceof ArrayBuffer)) throw new Error('no bytes');
  return Buffer.from(bytes).toString('base64url');
}
