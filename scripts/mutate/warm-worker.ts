import { init, runBaseTests, setupEnvironment } from 'vitest/worker';

// The process that a lane keeps: it runs test files one after another, each from a folder of its
// own, so that Node loads the changed pattern anew and keeps Vitest, pg and express.
const kill = process.kill.bind(process);
const send = process.send?.bind(process);
if (!send) throw new Error('warm-worker.ts is started by a lane, not by hand');
process.on('disconnect', () => kill(-process.pid, 'SIGKILL')); // it leads a group of its own

/** The question whether an ended test left something that still runs, and its answer. */
export type ResourceMessage = { touchstoneResources: number };

init({
  post: (message) => send(message),
  on: (listener) => process.on('message', listener),
  off: (listener) => process.off('message', listener),
  setup: setupEnvironment,
  runTests: (state, traces) => runBaseTests('run', state, traces),
  collectTests: (state, traces) => runBaseTests('collect', state, traces),
});

process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('touchstoneResources' in message))
    return;
  send({ touchstoneResources: process.getActiveResourcesInfo().length } satisfies ResourceMessage);
});
