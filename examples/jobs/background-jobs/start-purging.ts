import type { Log } from './job.ts';

/** Purges until nothing is left, now and each hour, until it is stopped. */
export function startPurging(
  purge: () => Promise<number>,
  log: Pick<Log, 'warn'>,
) {
  async function purgeAll() {
    try {
      while ((await purge()) > 0);
    } catch (error) {
      log.warn('old rows are not purged', { error });
    }
  }

  // A process that is deployed each half an hour purges too.
  void purgeAll();
  const timer = setInterval(purgeAll, 3_600_000).unref();
  return { stop: () => clearInterval(timer) };
}
