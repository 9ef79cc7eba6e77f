import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { createApiApp, createIssuerApp } from './app.ts';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { createSigningKey, signingKeysText } from './signing-keys.ts';
import { createAccessTokenVerifier } from './verify-access-tokens.ts';

const PARTIES = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
};

await runMain(async (stopped) => {
  const { SIGNING_KEYS: text, PORT = '3000' } = process.env;
  // Without a setting, this run has a key of its own.
  const keys = text
    ? signingKeysText.parse(text)
    : [createSigningKey(new Date())];
  const issuer = createAccessTokenIssuer({ keys, ...PARTIES });
  await using auth = await listen(createIssuerApp(issuer, console));

  const url = new URL('/.well-known/jwks.json', auth.url);
  const findKey = createRemoteKeys({ url, log: console });
  const verifier = createAccessTokenVerifier({ findKey, ...PARTIES });
  await using api = await listen(createApiApp(verifier, console), {
    port: Number(PORT),
  });

  console.log(`listening on ${api.url}`);
  console.log(
    `try: curl ${auth.url}/tokens -H 'content-type: application/json' -d '{"user":"ada"}'`,
  );
  console.log(
    `     curl ${api.url}/me -H 'authorization: Bearer <the token>'`,
  );
  await stopped;
});
