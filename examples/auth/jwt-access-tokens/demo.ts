import { createSigningKey } from './signing-keys.ts';
import { createClaims, signToken, startSite } from './test-site.ts';

await using site = await startSite();
const [oldKey] = site.keys();
if (!oldKey) throw new Error('there is no key');

const token = await site.getToken();
await show('an access token for this API', token);
const aud = 'https://newsletter.example.com';
const foreign = await signToken(oldKey, { ...createClaims(), aud });
await show('a token that Ada gave the newsletter', foreign);
const idToken = await signToken(oldKey, createClaims(), { typ: 'JWT' });
await show('the ID token of her login', idToken);

const inAnHour = new Date(site.clock().getTime() + 3_600_000);
site.deploy([oldKey, createSigningKey(inAnHour)]);
console.log('a second key is published; it signs in an hour');
let failed = 0;
for (let minute = 0; minute < 120; minute += 1) {
  site.clock.advance({ minutes: 1 });
  const { status } = await site.callApi(await site.getToken());
  if (status !== 200) failed += 1;
}
console.log(`two hours, 120 requests: ${failed} failed`);

site.setDown(true);
const key = site.keys().at(-1) ?? oldKey;
site.clock.advance({ minutes: 10 });
const exp = site.clock().getTime() / 1000 + 60;
console.log('the key server goes down');
const late = await signToken(key, { ...createClaims(), exp });
await show('ten minutes later, a valid token', late);

async function show(what: string, accessToken: string) {
  const { status, body } = await site.callApi(accessToken);
  console.log(`${what}: ${[status, body.code].join(' ').trim()}`);
}
