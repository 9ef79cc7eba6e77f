import { Secret, TOTP } from 'otpauth';
import { createNaiveFactors, type User } from './naive.ts';

const email = 'ada@example.com';
const ada: User = { email, totpSecret: new Secret().base32 };
const { sendCode } = createNaiveFactors(new Map([[email, ada]]));
const code = new TOTP({ secret: ada.totpSecret }).generate();

console.log(`Ada sends her code: ${sendCode({ email }, code)}`);
console.log(`a thief sends it again: ${sendCode({ email }, code)}`);

const [row]: User[] = JSON.parse(JSON.stringify([ada]));
const computed = new TOTP({ secret: `${row?.totpSecret}` }).generate();
const isIn = sendCode({ email }, computed);
console.log(`a thief with a copy of the table: ${isIn}`);

let judged = 0;
for (; judged < 10_000; judged++)
  sendCode({ email }, `${judged}`.padStart(6, '0'));
console.log(`codes that a thief may try at once: ${judged}, or all`);
