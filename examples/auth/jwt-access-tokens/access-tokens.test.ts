import { testClock } from '@touchstone/kit/time/clock';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
} from 'jose';
import { describe, expect, it } from 'vitest';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { createSigningKey, toJwks } from './signing-keys.ts';
import {
  ADA,
  createClaims,
  createCurrentKey,
  createLocalVerifier,
  PARTIES,
  signToken,
  startSite,
} from './test-site.ts';
import {
  createAccessTokenVerifier,
  readBearer,
} from './verify-access-tokens.ts';

const key = createCurrentKey();
const verifier = createLocalVerifier([key]);
const findKey = createLocalJWKSet(toJwks([key]));

describe('an issued token', () => {
  const clock = testClock();
  const options = { keys: [key], ...PARTIES, clock };

  it('has the header and the claims of RFC 9068, and those of the caller', async () => {
    const issuer = createAccessTokenIssuer(options);
    const claims = { sid: 'phone', iss: 'https://evil.example.com' };

    const token = await issuer.issue({ ...ADA, claims });

    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.kid,
    });
    expect(decodeJwt(token)).toEqual({
      ...createClaims(),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: 'phone',
    });
    const other = await issuer.issue(ADA);
    expect(decodeJwt(other).jti).not.toBe(decodeJwt(token).jti);
  });

  it('lives as long as the issuer says, counted from a whole second', async () => {
    const late = testClock('2026-01-01T00:00:00.900Z');
    const issuer = createAccessTokenIssuer({
      ...options,
      clock: late,
      lifetimeSeconds: 60,
    });

    const { iat, exp } = decodeJwt(await issuer.issue(ADA));

    expect([iat, exp]).toEqual([1_767_225_600, 1_767_225_660]);
    expect(issuer.lifetimeSeconds).toBe(60);
  });

  it('is accepted by a plain verifier of jose, by the time of the machine', async () => {
    const current = createSigningKey(new Date());
    const issuer = createAccessTokenIssuer({
      keys: [current],
      ...PARTIES,
    });
    const token = await issuer.issue(ADA);
    const [jwk] = issuer.jwks.keys;

    const { payload } = await jwtVerify(token, { ...jwk }, PARTIES);

    expect(payload).toMatchObject({
      sub: 'ada',
      client_id: 'shop-app',
    });
  });

  it.each([0, 3601, Number.NaN])(
    'cannot live for %d seconds',
    (lifetimeSeconds) => {
      expect(() =>
        createAccessTokenIssuer({ ...options, lifetimeSeconds }),
      ).toThrow('lifetimeSeconds is not between 1 and 3600');
    },
  );

  it.each([1, 3600])('can live for %d seconds', (lifetimeSeconds) => {
    const issuer = createAccessTokenIssuer({
      ...options,
      lifetimeSeconds,
    });
    expect(issuer.lifetimeSeconds).toBe(lifetimeSeconds);
  });
});

describe('a verifier', () => {
  it('says who the token is for', async () => {
    const claims = { ...createClaims(), scope: 'orders' };

    expect(await verifier.verify(await signToken(key, claims))).toEqual(
      {
        subject: 'ada',
        clientId: 'shop-app',
        tokenId: 'token-1',
        claims,
      },
    );
  });

  it.each(['iss', 'aud', 'sub', 'client_id', 'jti', 'iat', 'exp'])(
    'refuses a token without %s',
    async (name) => {
      const { [name]: _removed, ...claims } = createClaims();

      await expect(
        verifier.verify(await signToken(key, claims)),
      ).rejects.toMatchObject({ code: 'invalid_token', status: 401 });
    },
  );

  it.each([{ sub: '' }, { client_id: 7 }, { jti: ['a'] }])(
    'refuses a token whose claims hold %j',
    async (wrong) => {
      const claims = Object.assign(createClaims(), wrong);

      await expect(
        verifier.verify(await signToken(key, claims)),
      ).rejects.toMatchObject({ code: 'invalid_token' });
    },
  );

  it('refuses a token of more than 8,192 characters unread', async () => {
    const empty = await signToken(key, { ...createClaims(), pad: '' });
    // Base64 has four characters for three.
    const room = ((8192 - empty.length) * 3) / 4;
    const fits = { ...createClaims(), pad: 'x'.repeat(room - 2) };
    const large = { ...createClaims(), pad: 'x'.repeat(room + 2) };

    const token = await signToken(key, fits);
    expect(8192 - token.length).toBeLessThan(4);
    expect(await verifier.verify(token)).toBeDefined();
    const refusal = await verifier
      .verify(await signToken(key, large))
      .catch((error) => error);
    expect(refusal).toMatchObject({ code: 'invalid_token' });
    expect(refusal.cause).toBeUndefined(); // it did not get to jose
  });

  it('goes by the time of the machine, and 30 seconds of tolerance, unless it is told', async () => {
    const now = Math.floor(Date.now() / 1000);
    const { verify } = createAccessTokenVerifier({
      findKey,
      ...PARTIES,
    });
    const token = (exp: number) =>
      signToken(key, { ...createClaims(), nbf: exp - 60, exp });

    expect(await verify(await token(now - 15))).toBeDefined();
    await expect(verify(await token(now - 31))).rejects.toMatchObject({
      cause: { code: 'ERR_JWT_EXPIRED' },
    });
  });

  it('passes on what is not the fault of the token', async () => {
    const fault = new TypeError('the key store is down');
    const findKey = () => Promise.reject(fault);
    const { verify } = createAccessTokenVerifier({
      findKey,
      ...PARTIES,
    });
    const token = await signToken(key, createClaims());

    await expect(verify(token)).rejects.toBe(fault);
  });

  it.each([{ issuer: '' }, { audience: '' }])(
    'cannot be made with %j: jose would skip the check',
    (wrong) => {
      expect(() =>
        createAccessTokenVerifier({ findKey, ...PARTIES, ...wrong }),
      ).toThrow('issuer and audience must be set');
    },
  );

  it.each([-1, 301, Number.NaN])(
    'cannot tolerate %d seconds',
    (skewSeconds) => {
      expect(() =>
        createAccessTokenVerifier({ findKey, ...PARTIES, skewSeconds }),
      ).toThrow('skewSeconds is not between 0 and 300');
    },
  );

  it.each([0, 300])('can tolerate %d seconds', async (skewSeconds) => {
    const clock = testClock();
    const { verify } = createAccessTokenVerifier({
      findKey,
      ...PARTIES,
      skewSeconds,
      clock,
    });
    clock.advance({ seconds: 299 + skewSeconds });

    const token = await signToken(key, createClaims());
    expect(await verify(token)).toBeDefined();
  });
});

describe('an API', () => {
  it('answers a missing and a wrong token with the challenge of RFC 6750', async () => {
    await using site = await startSite();

    const wrong = await site.callApi('x.y.z');
    const missing = await site.callApi('');

    expect(wrong).toMatchObject({
      status: 401,
      body: { code: 'invalid_token' },
    });
    expect(wrong.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token"',
    );
    expect(missing).toMatchObject({
      status: 401,
      body: { code: 'token_missing' },
    });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each([
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
    ['bearer abc', 'abc'],
    ['Bearer  abc', 'abc'],
    ['Basic abc', undefined],
    ['Bearer a b', undefined],
    ['xBearer abc', undefined],
    ['Bearer', undefined],
    [undefined, undefined],
  ])('reads the header %j', (header, token) => {
    expect(readBearer(header)).toBe(token);
  });
});
