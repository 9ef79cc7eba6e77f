import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createLog } from './create-log.ts';
import { openStdout } from './log-output.ts';

const output = openStdout();
const log = createLog();

/** What the tests run in a process of its own. */
const modes: Record<string, () => unknown> = {
  kill() {
    log.info('the last words');
    process.kill(process.pid, 'SIGKILL');
  },
  crash() {
    for (let line = 0; line < 2000; line++) log.info(`line ${line}`);
    throw new Error('crash');
  },
  exit() {
    for (let line = 0; line < 2000; line++) log.info(`line ${line}`);
    process.exit(0);
  },
  async flood() {
    const before = process.memoryUsage.rss();
    for (let line = 1; line <= 12_500; line++)
      log.info('flood', { text: 'x'.repeat(4000) });
    await pause(1); // the loop runs on
    const grown = process.memoryUsage.rss() - before;
    const dropped = output.countDropped();
    const report = JSON.stringify({ dropped, grown });
    writeFileSync(process.env.REPORT ?? '', report);
    process.exit(0);
  },
};
await modes[process.env.MODE ?? '']?.();
