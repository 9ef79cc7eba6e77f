import { type Profiler, Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';

/** Reads what ran since the last time: V8 counts from zero each time. */
export type TakeCoverage = () => Promise<Profiler.ScriptCoverage[]>;

/** Makes V8 count the calls of all functions of this process, whatever it has seen of them. */
export async function openCoverage(): Promise<TakeCoverage> {
  // It does not count the calls of code that it has optimized, and then says that nothing of it ran.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return async () => (await session.post('Profiler.takePreciseCoverage')).result;
}
