import { createPublicKey } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { createRemoteKeys } from './remote-keys.ts';
import {
  createSigningKey,
  signingKeyAt,
  signingKeysSchema,
  signingKeysText,
  toJwks,
} from './signing-keys.ts';
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

const refused = { status: 401, body: { code: 'invalid_token' } };
const unavailable = { status: 503, body: { code: 'keys_unavailable' } };

failure(
  'A token says `alg: none`, or HS256 with the public key as its secret',
  {
    symptom: '401 `invalid_token`',
    defence: 'verify',
    remains: 'An attacker who has the private key signs anything',
  },
  async () => {
    await using site = await startSite();
    const [key = createCurrentKey()] = site.keys();
    const claims = createClaims();
    const header = { typ: 'at+jwt', kid: key.kid };
    const [publicJwk = {}] = toJwks([key]).keys;
    const publicKey = createPublicKey({
      key: publicJwk,
      format: 'jwk',
    });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });

    const [, payload] = new UnsecuredJWT(claims).encode().split('.');
    const none = encode({ alg: 'none', ...header });
    const forged = [`${none}.${payload}.`, `${none}.${payload}.AAAA`];
    for (const secret of [pem, JSON.stringify(publicJwk)]) {
      const token = new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', ...header })
        .sign(Buffer.from(secret));
      forged.push(await token);
    }

    for (const token of forged)
      expect(await site.callApi(token)).toMatchObject(refused);
    const valid = await signToken(key, claims);
    expect((await site.callApi(valid)).status).toBe(200);
  },
);

failure(
  'A token was made for another API, by another issuer, or for another use',
  {
    symptom: '401 `invalid_token`',
    defence: 'verify',
    remains: 'APIs that share one audience accept each other’s tokens',
  },
  async () => {
    await using site = await startSite();
    const [key = createCurrentKey()] = site.keys();
    const claims = createClaims();
    const others: [JWTPayload, string][] = [
      [{ ...claims, aud: 'https://newsletter.example.com' }, 'at+jwt'],
      [{ ...claims, iss: 'https://evil.example.com' }, 'at+jwt'],
      [claims, 'JWT'], // an ID token
    ];

    for (const [payload, typ] of others) {
      const token = await signToken(key, payload, { typ });
      expect(await site.callApi(token)).toMatchObject(refused);
    }
    const valid = await signToken(key, claims);
    expect((await site.callApi(valid)).status).toBe(200);
  },
);

failure(
  'A token brings a key of the attacker, or its address',
  {
    symptom: '401 `invalid_token`; the address is not requested',
    defence: 'verify',
    remains: 'An attacker who controls the JWKS URL controls the keys',
  },
  async () => {
    await using site = await startSite();
    const [ours = createCurrentKey()] = site.keys();
    const theirs = { ...createCurrentKey(), kid: ours.kid };
    let visits = 0;
    await using evil = await listen((_request, response) => {
      visits += 1;
      response.end(JSON.stringify(toJwks([theirs])));
    });
    const [jwk = {}] = toJwks([theirs]).keys;
    const headers = [
      {},
      { jwk },
      { jku: evil.url },
      { x5u: evil.url },
      { kid: evil.url, jku: evil.url },
    ];

    for (const header of headers) {
      const token = await signToken(theirs, createClaims(), header);
      expect(await site.callApi(token)).toMatchObject(refused);
    }
    expect(visits).toBe(0);
  },
);

failure(
  'The clocks of two machines differ',
  {
    symptom: 'Up to 30 seconds: nothing. More: 401 `invalid_token`',
    defence: 'verify',
    remains: 'A token lives up to 30 seconds longer than it says',
  },
  async () => {
    const key = createCurrentKey();
    const token = await signToken(key, createClaims());
    const accepts = (seconds: number) => {
      const clock = testClock();
      clock.advance({ seconds });
      return createLocalVerifier([key], clock)
        .verify(token)
        .then(
          () => true,
          () => false,
        );
    };

    expect(await accepts(-31)).toBe(false);
    expect(await accepts(-30)).toBe(true);
    expect(await accepts(300 + 29)).toBe(true);
    expect(await accepts(300 + 30)).toBe(false);
  },
);

failure(
  'The signing key is rotated while every API keeps the old JWKS',
  {
    symptom: 'No request fails',
    defence: 'signing-key-at',
    remains:
      'The new key must be deployed an hour before it signs, or new tokens get 401 for up to 30 seconds',
  },
  async () => {
    await using site = await startSite();
    const [oldKey = createCurrentKey()] = site.keys();
    const oldToken = await site.getToken();
    expect((await site.callApi(oldToken)).status).toBe(200);
    const inAnHour = new Date(site.clock().getTime() + 3_600_000);
    const newKey = createSigningKey(inAnHour);
    site.deploy([oldKey, newKey]);

    // Two hours of requests; the key is changed in the middle.
    const kids = new Set<string>();
    for (let minute = 0; minute < 120; minute += 2) {
      site.clock.advance({ minutes: 2 });
      const token = await site.getToken();
      kids.add(readHeader(token).kid);
      expect((await site.callApi(token)).status).toBe(200);
    }

    expect([...kids]).toEqual([oldKey.kid, newKey.kid]);
    site.deploy([newKey]);
    expect((await site.callApi(await site.getToken())).status).toBe(
      200,
    );
  },
);

failure(
  'A signing key leaks',
  {
    symptom:
      'After you remove the key, APIs refuse its tokens within 5 minutes',
    defence: 'find-key',
    remains:
      'Tokens of the thief are valid for these 5 minutes; new tokens get 401 for up to 30 seconds',
  },
  async () => {
    await using site = await startSite();
    const [leaked = createCurrentKey()] = site.keys();
    const forge = () => {
      const seconds = site.clock().getTime() / 1000;
      return signToken(leaked, {
        ...createClaims(),
        exp: seconds + 60,
      });
    };
    const callOther = await site.startApi();
    expect((await site.callApi(await forge())).status).toBe(200);
    expect((await callOther(await forge())).status).toBe(200);

    site.deploy([createSigningKey(site.clock())]);

    // A new token makes an API load keys, 30 seconds after the last time.
    site.clock.advance({ seconds: 29 });
    expect(await site.callApi(await site.getToken())).toMatchObject(
      refused,
    );
    site.clock.advance({ seconds: 1 });
    const after = await site.callApi(await site.getToken());
    expect(after.status).toBe(200);
    expect(await site.callApi(await forge())).toMatchObject(refused);

    // An API that gets no new token loads them within five minutes.
    site.clock.advance({ seconds: 270 });
    expect((await callOther(await forge())).status).toBe(200);
    expect(site.keyRequests()).toBe(3);
    site.clock.advance({ seconds: 1 });
    // This request starts the load, and does not wait for it.
    expect((await callOther(await forge())).status).toBe(200);
    await waitUntil('the keys are loaded', async () => {
      return (await callOther(await forge())).status === 401;
    });
    expect(site.keyRequests()).toBe(4);
  },
);

failure(
  'The key server does not answer',
  {
    symptom:
      'Nothing for a day; an API that has no keys yet answers 503 `keys_unavailable`, never 401',
    defence: 'find-key',
    remains:
      'A key that leaks during the outage stays valid until its end',
  },
  async () => {
    await using site = await startSite();
    const [key = createCurrentKey()] = site.keys();
    const sign = () => {
      const seconds = site.clock().getTime() / 1000;
      return signToken(key, { ...createClaims(), exp: seconds + 60 });
    };
    expect((await site.callApi(await sign())).status).toBe(200);

    site.setDown(true);
    const callNewApi = await site.startApi();
    const answer = await callNewApi(await sign());
    expect(answer).toMatchObject(unavailable);
    expect(answer.headers.get('retry-after')).toBe('5');
    const requests = site.keyRequests();
    site.clock.advance({ seconds: 4 });
    expect(await callNewApi(await sign())).toMatchObject(unavailable);
    expect(site.keyRequests()).toBe(requests);
    site.setDown(false);
    site.clock.advance({ seconds: 1 });
    expect((await callNewApi(await sign())).status).toBe(200);

    site.setDown(true);
    site.clock.advance({ days: 1, seconds: -5 });
    expect((await site.callApi(await sign())).status).toBe(200);
    site.clock.advance({ seconds: 1 });
    expect(await site.callApi(await sign())).toMatchObject(unavailable);

    site.setDown(false);
    site.clock.advance({ seconds: 5 });
    expect((await site.callApi(await sign())).status).toBe(200);
    const { message } = site.log.entries[0] ?? {};
    expect(message).toBe('keys cannot be loaded');
  },
);

failure(
  'The key server answers with no keys',
  {
    symptom:
      '503 `keys_unavailable`, and the log has `keys cannot be loaded`; nobody is logged out',
    defence: 'find-key',
    remains: 'The API is down until the key server has keys again',
  },
  async () => {
    const key = createCurrentKey();
    const log = createTestLog();
    let time = 0;
    let jwks = toJwks([key]);
    await using server = await listen((_request, response) => {
      response.end(JSON.stringify(jwks));
    });
    const { verify } = createAccessTokenVerifier({
      findKey: createRemoteKeys({
        url: new URL(server.url),
        log,
        now: () => time,
      }),
      ...PARTIES,
      clock: testClock(),
    });
    const token = await signToken(key, createClaims());
    expect(await verify(token)).toBeDefined();

    jwks = { keys: [] };
    time += 300_001;
    await waitUntil('the empty set is loaded', async () => {
      const error = await verify(token).catch((refusal) => refusal);
      return error.code === 'keys_unavailable';
    });
    expect(log.entries).toMatchObject([
      { message: 'keys cannot be loaded' },
    ]);

    jwks = toJwks([key]);
    time += 5000;
    expect(await verify(token)).toBeDefined();
  },
);

failure(
  'Thousands of tokens name keys that do not exist',
  {
    symptom: '401 each; the key server gets one request in 30 seconds',
    defence: 'find-key',
    remains: 'The requests themselves: limit their rate',
  },
  async () => {
    await using site = await startSite();
    const key = createCurrentKey();
    const sendTen = async (_: unknown, sender: number) => {
      for (let index = 0; index < 10; index++) {
        const header = { kid: `made-up-${sender}-${index}` };
        const token = await signToken(key, createClaims(), header);
        expect(await site.callApi(token)).toMatchObject(refused);
      }
    };
    const attack = () =>
      Promise.all(Array.from({ length: 20 }, sendTen));

    await attack();
    await attack();
    expect(site.keyRequests()).toBe(1);
    site.clock.advance({ seconds: 30 });
    await attack();
    expect(site.keyRequests()).toBe(2);
  },
);

failure(
  'The setting with the signing keys is missing, broken or copied from a specification',
  {
    symptom: 'The start fails, and the message does not quote the key',
    defence: 'signing-keys-schema',
    remains: 'The check cannot know whether a key has leaked',
  },
  () => {
    const key = createCurrentKey();
    const { d } = createCurrentKey();
    const printed = {
      ...key,
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
    };
    const other = {
      ...key,
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
      d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
    };
    const wrong: [string | undefined, string][] = [
      [undefined, 'is not set'],
      [`${key.d}`, 'is not JSON'],
      ['[]', 'Too small'],
      [
        JSON.stringify([printed]),
        'is a key that a specification prints',
      ],
      [JSON.stringify([other]), 'is a key that a specification prints'],
      [JSON.stringify([{ ...key, d }]), 'd does not belong to x and y'],
      [JSON.stringify([key, key]), 'two keys have the same kid'],
    ];

    for (const [text, sentence] of wrong) {
      const { error } = signingKeysText.safeParse(text);
      expect(error?.message).toContain(sentence);
      expect(error?.message).not.toContain(key.d);
    }
    // Code that skips the setting does not get by either.
    expect(() =>
      createAccessTokenIssuer({ keys: [printed], ...PARTIES }),
    ).toThrow('is a key that a specification prints');
    expect(() =>
      createAccessTokenIssuer({ keys: [], ...PARTIES }),
    ).toThrow('Too small');
  },
);

const key = createCurrentKey();
const verifier = createLocalVerifier([key]);
const findKey = createLocalJWKSet(toJwks([key]));

describe('an issued token', () => {
  const clock = testClock();
  const options = { keys: [key], ...PARTIES, clock };

  it('has the header and the claims of RFC 9068, and those of the caller', async () => {
    const issuer = createAccessTokenIssuer(options);
    const claims = {
      sid: 'phone',
      iss: 'https://evil.example.com',
      client_id: 'evil-app',
    };

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

  it('refuses HS256 even when the key that it is given is a secret', async () => {
    const secret = Buffer.from('the public key as text, 32 bytes');
    const { verify } = createAccessTokenVerifier({
      findKey: async () => secret,
      ...PARTIES,
      clock: testClock(),
    });
    const token = await new SignJWT(createClaims())
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(secret);

    await expect(verify(token)).rejects.toMatchObject({
      cause: { code: 'ERR_JOSE_ALG_NOT_ALLOWED' },
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
});

describe('remote keys', () => {
  it('that could not be loaded do not get a new token refused', async () => {
    await using site = await startSite();
    const oldToken = await site.getToken();
    expect((await site.callApi(oldToken)).status).toBe(200);
    site.clock.advance({ seconds: 31 });
    site.deploy([createSigningKey(site.clock())]);
    const newToken = await site.getToken();

    site.setDown(true);
    expect(await site.callApi(newToken)).toMatchObject(unavailable);
    expect((await site.callApi(oldToken)).status).toBe(200);

    site.setDown(false);
    site.clock.advance({ seconds: 5 });
    expect((await site.callApi(newToken)).status).toBe(200);
  });

  it('are not loaded again because two of them have one name', async () => {
    let visits = 0;
    let time = 0;
    const twins = [createCurrentKey(), createCurrentKey()].map(
      (one) => {
        return { ...one, kid: key.kid };
      },
    );
    await using server = await listen((_request, response) => {
      visits += 1;
      response.end(JSON.stringify(toJwks(twins)));
    });
    const findTwin = createRemoteKeys({
      url: new URL(server.url),
      log: createTestLog(),
      now: () => (time += 60_000), // a load is always allowed
    });
    const { verify } = createAccessTokenVerifier({
      findKey: findTwin,
      ...PARTIES,
      clock: testClock(),
    });

    const token = await signToken(key, createClaims());
    await expect(verify(token)).rejects.toMatchObject({
      code: 'invalid_token',
      cause: { code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS' },
    });
    expect(visits).toBe(1);
  });

  it('are not loaded by the clock of jose, which may step', async () => {
    let visits = 0;
    await using server = await listen((_request, response) => {
      visits += 1;
      response.end(JSON.stringify(toJwks([key])));
    });
    const url = new URL(server.url);
    const find = createRemoteKeys({ url, log: createTestLog() });
    const jws = { payload: '', signature: '' };
    const known = { alg: 'ES256', kid: key.kid };
    await find(known, jws);

    const anHourLater = Date.now() + 3_600_000;
    vi.useFakeTimers({ now: anHourLater, toFake: ['Date'] });
    try {
      expect(await find(known, jws)).toBeDefined();
      await expect(
        find({ alg: 'ES256', kid: 'made-up' }, jws),
      ).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    } finally {
      vi.useRealTimers();
    }
    expect(visits).toBe(1);
  });

  it('that the server is slow to give are given up after five seconds', async () => {
    await using server = await listen(() => {});
    const log = createTestLog();
    const findSlow = createRemoteKeys({
      url: new URL(server.url),
      log,
    });
    const start = performance.now();

    await expect(
      findSlow({ alg: 'ES256' }, { payload: '', signature: '' }),
    ).rejects.toMatchObject({
      code: 'keys_unavailable',
    });

    const seconds = (performance.now() - start) / 1000;
    expect(seconds).toBeGreaterThan(4.9);
    server.server.closeAllConnections();
    expect(log.entries).toMatchObject([
      {
        level: 'warn',
        details: { error: { code: 'ERR_JWKS_TIMEOUT' } },
      },
    ]);
  });
});

describe('an API', () => {
  it('answers a missing and a wrong token with the challenge of RFC 6750', async () => {
    await using site = await startSite();

    const wrong = await site.callApi('x.y.z');
    const missing = await site.callApi('');

    expect(wrong).toMatchObject({
      status: 401,
      body: { code: 'invalid_token', detail: 'Get a new token' },
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
    ['Bearerabc', undefined],
    ['Bearer =', undefined],
    [undefined, undefined],
  ])('reads the header %j', (header, token) => {
    expect(readBearer(header)).toBe(token);
  });
});

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
    ['another kind', { kty: 'RSA' }],
    ['another curve', { crv: 'P-384' }],
    ['no private half', { d: undefined }],
    ['a private half that is too short', { d: d.slice(1) }],
    ['an x that is too short', { x: key.x.slice(1) }],
    ['a y that is too short', { y: key.y.slice(1) }],
    ['the private half of another', { d }],
    ['no id', { kid: '' }],
    ['a long id', { kid: 'a'.repeat(65) }],
    ['a start that is not a time', { signsFrom: 'soon' }],
    ['an algorithm of its own', { alg: 'none' }],
  ])('are refused when one has %s', (_name, wrong) => {
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

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function readHeader(token: string): { kid: string } {
  const [header = ''] = token.split('.');
  return JSON.parse(Buffer.from(header, 'base64url').toString());
}
