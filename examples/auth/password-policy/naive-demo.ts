import { isExpired, isGood } from './naive.ts';

for (const password of [
  'Password1!',
  'AdaLovelace1815!',
  'seven quiet otters paint',
  'vier müde Äpfel, 1 Birne',
])
  console.log(`${password}: ${isGood(password) ? 'good' : 'refused'}`);

const spring = new Date(Date.now() - 91 * 86_400_000);
console.log(`after 90 days, Password1! expired: ${isExpired(spring)}`);
console.log(`Password2!: ${isGood('Password2!') ? 'good' : 'refused'}`);
