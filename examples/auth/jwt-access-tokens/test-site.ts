import { listen } from '@touchstone/kit/app/http';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import {
  createLocalJWKSet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { createApiApp, createIssuerApp } from './app.ts';
import {
  createAccessTokenIssuer,
  type Grant,
} from './issue-access-tokens.ts';
import { createRemoteKeys } from './remote-keys.ts';
import {
  createSigningKey,
  type SigningKey,
  toJwks,
} from './signing-keys.ts';
import { createAccessTokenVerifier } from './verify-access-tokens.ts';

/** Who issues the tokens of all tests, and for whom. */
export const PARTIES = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
};

/** A grant that tests need nothing else of. */
export const ADA: Grant = { subject: 'ada', clientId: 'shop-app' };

/** A key that signs from now on, by the clock of the tests. */
export function createCurrentKey(clock = testClock()): SigningKey {
  return createSigningKey(clock());
}

/** An authorization server and an API on sockets, at one time that stands still; `deploy` replaces the keys of the first. */
export async function startSite() {
  const clock = testClock();
  const log = createTestLog();
  const now = () => clock().getTime();
  let keyRequests = 0;
  let isDown = false;
  let keys = [createCurrentKey(clock)];
  let authApp = createAuthApp();

  function createAuthApp() {
    const issuer = createAccessTokenIssuer({ keys, ...PARTIES, clock });
    return createIssuerApp(issuer, log);
  }

  const stack = new AsyncDisposableStack();
  const auth = stack.use(
    await listen((request, response) => {
      if (request.method === 'GET') keyRequests += 1;
      if (isDown) return void response.writeHead(500).end();
      authApp(request, response);
    }),
  );
  const url = new URL('/.well-known/jwks.json', auth.url);

  /** An instance of the API that has seen no key yet. */
  async function startApi() {
    const findKey = createRemoteKeys({ url, log, now });
    const verifier = createAccessTokenVerifier({
      findKey,
      ...PARTIES,
      clock,
    });
    const server = stack.use(await listen(createApiApp(verifier, log)));
    const send = createClient(server.url);
    return (token: string) =>
      send('GET', '/me', {
        headers: { authorization: `Bearer ${token}` },
      });
  }

  async function getToken(): Promise<string> {
    const send = createClient(auth.url);
    const { body } = await send('POST', '/tokens', {
      body: { user: 'ada' },
    });
    return `${body.accessToken}`;
  }

  return {
    clock,
    log,
    auth,
    keys: () => keys,
    deploy(next: SigningKey[]) {
      keys = next;
      authApp = createAuthApp();
    },
    setDown(down: boolean) {
      isDown = down;
    },
    keyRequests: () => keyRequests,
    startApi,
    getToken,
    callApi: await startApi(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The claims of a token that the verifier accepts at the time of `testClock()`. */
export function createClaims(): JWTPayload {
  const seconds = testClock()().getTime() / 1000;
  return {
    iss: PARTIES.issuer,
    aud: PARTIES.audience,
    sub: 'ada',
    client_id: 'shop-app',
    jti: 'token-1',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 300,
  };
}

/** Signs any claims under any header. */
export function signToken(
  key: SigningKey,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.kid,
      ...header,
    })
    .sign(key);
}

/** A verifier that has the keys at hand. */
export function createLocalVerifier(
  keys: SigningKey[],
  clock = testClock(),
) {
  const findKey = createLocalJWKSet(toJwks(keys));
  return createAccessTokenVerifier({ findKey, ...PARTIES, clock });
}
