import { testClock } from '@touchstone/kit/time/clock';
import { describe, expect, it, vi } from 'vitest';
import {
  createSigningKey,
  signingKeyAt,
  signingKeysSchema,
  signingKeysText,
} from './signing-keys.ts';
import { createCurrentKey, startSite } from './test-site.ts';

describe('the key that signs', () => {
  const clock = testClock();
  const first = createSigningKey(clock());
  clock.advance({ days: 30 });
  const second = createSigningKey(clock());

  it('is the last whose time has come, in whatever order they are listed', () => {
    const moments: [string, string][] = [
      ['2025-12-31T23:59:59.999Z', first.kid],
      ['2026-01-01T00:00:00.000Z', first.kid],
      ['2026-01-30T23:59:59.999Z', first.kid],
      ['2026-01-31T00:00:00.000Z', second.kid],
      ['2027-01-01T00:00:00.000Z', second.kid],
    ];

    for (const [moment, kid] of moments)
      for (const keys of [
        [first, second],
        [second, first],
      ])
        expect(signingKeyAt(keys, new Date(moment)).kid).toBe(kid);
  });

  it('must be there', () => {
    expect(() => signingKeyAt([], new Date())).toThrow(
      'there is no signing key',
    );
  });

  it('signs in an hour when it is new', () => {
    vi.useFakeTimers({ now: clock() });
    try {
      const { signsFrom } = createSigningKey();
      expect(signsFrom).toBe('2026-01-31T01:00:00.000Z');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the keys of a setting', () => {
  const key = createCurrentKey();

  it('come as JSON', () => {
    const text = JSON.stringify([key]);
    expect(signingKeysText.parse(text)).toEqual([key]);
  });

  it('may have names of 1 to 64 characters', () => {
    for (const kid of ['a', 'a'.repeat(64)])
      expect(
        signingKeysSchema.safeParse([{ ...key, kid }]),
      ).toMatchObject({ success: true });
  });

  const { d } = createCurrentKey();
  it.each([
    { kty: 'RSA' },
    { crv: 'P-384' },
    { d: undefined },
    { d: d.slice(1) },
    { x: key.x.slice(1) },
    { y: key.y.slice(1) },
    { d },
    { kid: '' },
    { kid: 'a'.repeat(65) },
    { signsFrom: 'soon' },
    { alg: 'none' },
  ])('are refused when one holds %j', (wrong) => {
    const { success } = signingKeysSchema.safeParse([
      { ...key, ...wrong },
    ]);
    expect(success).toBe(false);
  });
});

it('publishes the public half of each key and nothing else', async () => {
  await using site = await startSite();
  const next = createSigningKey(site.clock());
  site.deploy([...site.keys(), next]);

  const response = await fetch(
    `${site.auth.url}/.well-known/jwks.json`,
  );

  expect(response.headers.get('cache-control')).toBe(
    'public, max-age=300',
  );
  expect(await response.json()).toEqual({
    keys: site.keys().map(({ kid, x, y }) => ({
      kty: 'EC',
      crv: 'P-256',
      x,
      y,
      kid,
      alg: 'ES256',
      use: 'sig',
    })),
  });
});
