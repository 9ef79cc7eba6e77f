import {
  checkBesideOneThatHangs,
  checkWithoutDatabase,
  checkWithTwoProcesses,
} from './naive-failures.ts';

console.log('three sites are due, and the first one never answers');
const { answered, hanging } = await checkBesideOneThatHangs();
console.log(`after five ticks, sites with an answer: ${answered}`);
console.log(`requests that wait for the first one: ${hanging}`);
console.log('one site is due, and two processes look');
console.log(`it is asked: ${await checkWithTwoProcesses()} times`);
console.log('the database cannot be reached');
console.log(
  `exit code of the process: ${await checkWithoutDatabase()}`,
);
