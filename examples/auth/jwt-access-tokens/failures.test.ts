import { createPublicKey } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { failure } from '@touchstone/kit/testing/failure';
import { testClock } from '@touchstone/kit/time/clock';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { expect } from 'vitest';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import {
  createSigningKey,
  signingKeysText,
  toJwks,
} from './signing-keys.ts';
import {
  createClaims,
  createCurrentKey,
  createLocalVerifier,
  PARTIES,
  signToken,
  startSite,
} from './test-site.ts';

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
    symptom: 'None: no request fails',
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
    symptom: 'Removed from the keys, it opens nothing after 5 minutes',
    defence: 'find-key',
    remains:
      'Tokens of the thief are valid for these 5 minutes; all users need new tokens',
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
    expect((await site.callApi(await forge())).status).toBe(200);

    site.deploy([createSigningKey(site.clock())]);
    site.clock.advance({ minutes: 5, seconds: 1 });
    // The first request starts the load, and need not wait for it.
    await site.callApi(await forge());

    const after = await site.callApi(await site.getToken());
    expect(after.status).toBe(200);
    expect(await site.callApi(await forge())).toMatchObject(refused);
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
    site.clock.advance({ days: 1 });
    expect((await site.callApi(await sign())).status).toBe(200);
    site.clock.advance({ seconds: 31 });
    expect(await site.callApi(await sign())).toMatchObject(unavailable);

    site.setDown(false);
    site.clock.advance({ seconds: 31 });
    expect((await site.callApi(await sign())).status).toBe(200);
    expect((await callNewApi(await sign())).status).toBe(200);
    const { message } = site.log.entries[0] ?? {};
    expect(message).toBe('keys cannot be loaded');
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
    const attack = () =>
      Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const header = { kid: `made-up-${index}` };
          const token = await signToken(key, createClaims(), header);
          expect(await site.callApi(token)).toMatchObject(refused);
        }),
      );

    await attack();
    await attack();
    expect(site.keyRequests()).toBe(1);
    site.clock.advance({ seconds: 31 });
    await attack();
    expect(site.keyRequests()).toBe(2);
  },
);

failure(
  'The setting with the signing keys is missing, broken or copied from a specification',
  {
    symptom: 'The start fails, and the message does not quote the key',
    defence: 'signing-keys-schema',
    remains: 'A key that leaked looks like any other',
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

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function readHeader(token: string): { kid: string } {
  const [header = ''] = token.split('.');
  return JSON.parse(Buffer.from(header, 'base64url').toString());
}
