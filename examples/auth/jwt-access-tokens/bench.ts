import { createPublicKey } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { createTestLog } from '@touchstone/kit/testing/log';
import jsonwebtoken from 'jsonwebtoken';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { createNaiveVerifier } from './naive.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { createSigningKey } from './signing-keys.ts';
import { ADA, PARTIES } from './test-site.ts';
import { createAccessTokenVerifier } from './verify-access-tokens.ts';

const LOAD = { clients: 8, seconds: 2 };

const key = createSigningKey(new Date());
const issuer = createAccessTokenIssuer({
  keys: [key],
  ...PARTIES,
  lifetimeSeconds: 3600,
});
await using server = await listen((_request, response) => {
  response.end(JSON.stringify(issuer.jwks));
});
const url = new URL(server.url);
const token = await issuer.issue(ADA);

const verifier = createAccessTokenVerifier({
  findKey: createRemoteKeys({ url, log: createTestLog() }),
  ...PARTIES,
});
const naive = createNaiveVerifier(url);
// Its best configuration: one key object, all that it can check pinned.
const publicKey = createPublicKey({ key, format: 'jwk' });
function verifyWithJsonwebtoken() {
  const { header } = jsonwebtoken.verify(token, publicKey, {
    algorithms: ['ES256'],
    ...PARTIES,
    clockTolerance: 30,
    complete: true,
  });
  if (header.typ !== 'at+jwt') throw new Error('not an access token');
}

const table = await compare({
  title: `Tokens verified, ${LOAD.clients} at once`,
  unit: 'tokens/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: measure(verifier.verify) },
    {
      name: 'jose without checks (naive)',
      measure: measure(naive.verify),
      note: 'accepts any token of the issuer',
    },
    {
      name: 'jsonwebtoken',
      measure: measure(async () => verifyWithJsonwebtoken()),
      note: 'one fixed key: it has no JWKS',
    },
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/jwt-access-tokens',
  software: 'jose 6.2.17',
  tables: [table],
});

function measure(verify: (token: string) => Promise<unknown>) {
  return () => operationsPerSecond(LOAD, () => verify(token));
}
