import {
  countCharges,
  countRequests,
  readInternal,
  waitForStalledBody,
} from './naive-failures.ts';

console.log('an overloaded API, and 100 calls to it');
console.log(`it sees ${await countRequests()} requests`);
console.log('a payment, and its answer is lost');
console.log(`the card is charged ${await countCharges()} times`);
console.log('headers arrive, and the body stalls');
console.log(`after 2 s: ${await waitForStalledBody()}`);
console.log('a link of a user redirects to an internal server');
console.log(`the user gets: ${await readInternal()}`);
