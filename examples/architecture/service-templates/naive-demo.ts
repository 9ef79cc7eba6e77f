import {
  deployAfterAnOrder,
  placeWithoutCustomer,
  startTwice,
} from './naive-failures.ts';

const { status, confirmed } = await deployAfterAnOrder();
console.log('an order is placed, and then a new release is deployed');
console.log(`the answer: ${status}; orders confirmed: ${confirmed}`);
const refused = await placeWithoutCustomer();
console.log('an order has no customer');
console.log(`the answer: ${refused.status}`);
console.log(
  `it has a stack trace: ${/at .*node_modules/.test(refused.text)}`,
);
console.log('two instances start at once, and the second one says');
console.log(await startTwice());
