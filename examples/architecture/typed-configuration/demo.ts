import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { runProgram } from '@touchstone/kit/programs/program';
import { readShopSettings } from './shop-settings.ts';

const main = new URL('main.ts', import.meta.url);

console.log('a start with six mistakes');
const { errors, code } = await runProgram(main, {
  SHOP_PROT: '3000',
  SHOP_BASE_URL: 'shop.example.com',
  SHOP_SESSION_KEY: 'change-me',
  SHOP_PAYMENT_TIMEOUT: '30',
  SHOP_TEST_PAYMENTS: 'flase',
});
// Some of the messages are longer than a terminal is wide.
const wrapped = errors.replace(/(?=.{73})(.{20,70}) /g, '$1\n    ');
console.log(wrapped.trim());
console.log(`exit code ${code}`);

process.env.SHOP_BASE_URL = 'https://shop.example.com';
process.env.SHOP_DATABASE_URL = 'postgres://shop:hunter2@db/shop';
process.env.SHOP_SESSION_KEY = randomBytes(32).toString('base64url');
const settings = readShopSettings();
console.log('\nthe same without mistakes, printed');
console.log(settings);
const print =
  'Object.keys(process.env).filter((n) => /^SHOP_/.test(n))';
const child = execFileSync(process.execPath, ['-p', print]);
console.log(`a child process has ${child.toString().trim()}`);
