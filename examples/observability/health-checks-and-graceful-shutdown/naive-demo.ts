import { createNaiveCounters } from './naive.ts';

const instances = [createNaiveCounters(), createNaiveCounters()];
console.log('two instances behind a load balancer, and four visits');
for (const visit of [1, 2, 3, 4]) {
  const value = instances[visit % 2]?.count('visits');
  console.log(`visit ${visit} is counted as ${value}`);
}
