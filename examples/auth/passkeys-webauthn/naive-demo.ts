import { openNaiveSite } from './naive-site.ts';

const { answer, signIn } = await openNaiveSite();
const first = answer({ counter: 8 });
console.log(`Ada signs in: ${await signIn(first)}`);
console.log(`a thief sends the same again: ${await signIn(first)}`);
const copy = answer({ counter: 6 });
console.log(
  `a copy of the key, which counts less: ${await signIn(copy)}`,
);
const found = answer({ counter: 9, isVerified: false });
console.log(`a found key, without its PIN: ${await signIn(found)}`);
