import { listen } from '@touchstone/kit/app/http';
import { type JWTPayload, SignJWT } from 'jose';
import { createNaiveVerifier } from './naive.ts';
import { toJwks } from './signing-keys.ts';
import { createCurrentKey, PARTIES } from './test-site.ts';

let key = createCurrentKey();
await using server = await listen((_request, response) => {
  response.end(JSON.stringify(toJwks([key])));
});
const { verify } = createNaiveVerifier(new URL(server.url));

const good = await sign(PARTIES);
await report('an access token for this API', good);
const audience = 'https://newsletter.example.com';
await report(
  'a token that Ada gave the newsletter',
  await sign({ ...PARTIES, audience }),
);
await report(
  'the ID token of her login',
  await sign({ ...PARTIES, audience: 'shop-app', typ: 'JWT' }),
);

key = createCurrentKey();
console.log('the signing key is replaced');
await report('an access token that is new', await sign(PARTIES));
await report('the first access token', good);

async function report(what: string, token: string) {
  const answer = await verify(token).then(
    (subject) => `accepted for ${subject}`,
    (error) => `refused, ${error.code}`,
  );
  console.log(`${what}: ${answer}`);
}

function sign(about: {
  issuer: string;
  audience: string;
  typ?: string;
}) {
  const { issuer, audience, typ = 'at+jwt' } = about;
  const claims: JWTPayload = { sub: 'ada', iss: issuer, aud: audience };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ })
    .setExpirationTime('5m')
    .sign(key);
}
