import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { createLog } from './create-log.ts';
import { runWithLogContext } from './log-context.ts';
import { createPino } from './pino-log.ts';

const LINES = 100_000;
const details = {
  orderId: 42,
  url: 'https://shop.example/orders?page=2&token=canary',
  customer: { name: 'Ada', city: 'London', password: 'canary' },
  items: [
    { sku: 'a-1', count: 2 },
    { sku: 'b-2', count: 1 },
  ],
};

/** Each makes a function that writes one line. */
const writers: Record<string, () => () => void> = {
  pattern() {
    const log = createLog();
    return () => log.info('order placed', details);
  },
  naive: () => () => {
    const time = new Date().toISOString();
    const line = { time, level: 'info', message: 'order placed' };
    console.log(JSON.stringify({ ...line, details }));
  },
  pino() {
    const logger = pino(
      {
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        redact: ['details.password', 'details.*.password'],
        mixin: () => ({ requestId: 'r1' }),
      },
      pino.destination({ dest: 1, sync: false, minLength: 4096 }),
    );
    return () => logger.info({ details }, 'order placed');
  },
  guarded() {
    const logger = createPino();
    return () => logger.info(details, 'order placed');
  },
};

const write = writers[process.argv[2] ?? '']?.();
if (!write) throw new Error(`name one of ${Object.keys(writers)}`);
await runWithLogContext({ requestId: 'r1' }, async () => {
  await writeLines(LINES / 5, write); // warms up
  await pause(300); // the reader catches up
  process.send?.('warm');
  await writeLines(LINES, write);
});
process.disconnect?.();

/** Ten lines a turn of the event loop, as of requests. */
async function writeLines(count: number, write: () => void) {
  for (let line = 0; line < count; line++) {
    write();
    if (line % 10 === 9) await new Promise(setImmediate);
  }
}
