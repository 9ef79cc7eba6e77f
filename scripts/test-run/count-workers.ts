import { availableParallelism } from 'node:os';

/** How many test files run at once: they mostly wait for services, so few cores take four. */
export function countWorkers(): number {
  return Math.max(4, availableParallelism());
}
