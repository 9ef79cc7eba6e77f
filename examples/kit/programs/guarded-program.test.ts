import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startGuardedProgram } from './guarded-program.ts';

it('survives a signal to a guard that has just ended', async () => {
  const program = startGuardedProgram({ program: 'sleep', args: ['1'], stopSignal: 'SIGTERM' });
  await once(program.guard, 'spawn');
  program.guard.kill('SIGKILL');
  // This thread does nothing, so that the end is not yet known to it when it sends.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  expect(program.guard.connected).toBe(true);

  await program.signal('SIGTERM');
  await program.stop();

  expect(await program.ended).toBeNull();
});
