import { randomBytes } from 'node:crypto';
import { createNaiveTokens } from './naive.ts';

const naive = createNaiveTokens({ secret: randomBytes(32) });
const { refreshToken } = await naive.issue('ada');
const stolen = refreshToken;
console.log('Ada logs in; a thief copies her refresh token');

let owner = refreshToken;
for (let day = 1; day <= 3; day++)
  owner = (await naive.refresh(owner)).refreshToken;
console.log('Ada refreshes three times: works');

await report('the thief refreshes with the first token', stolen);
await naive.logout();
console.log('Ada logs out');
const { refreshToken: fresh } = await naive.refresh(stolen);
await report('the thief refreshes again', stolen);
await report(
  'the thief refreshes what they got, for 30 more days',
  fresh,
);

async function report(what: string, token: string) {
  const answer = await naive.refresh(token).then(
    () => 'works',
    () => 'refused',
  );
  console.log(`${what}: ${answer}`);
}
