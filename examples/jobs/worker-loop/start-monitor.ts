import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { listenForWakeUps } from './listen-for-wake-ups.ts';
import { createSiteChecks } from './site-checks.ts';
import { startWorker } from './start-worker.ts';

type Settings = {
  connectionString: string;
  log: Record<
    'warn' | 'error',
    (message: string, details: object) => void
  >;
  limitSeconds?: number;
};

/** A monitor whose worker runs in the process of its API. */
export function startMonitor(settings: Settings) {
  const { connectionString, log, limitSeconds = 10 } = settings;
  // #region wire
  const applicationName = 'monitor';
  const pool = createPool({ connectionString, applicationName, log });
  const sites = createSiteChecks({ pool });
  const { claim, work, settle } = sites;
  const { wake, check, ...worker } = startWorker({
    name: 'site checks',
    claim,
    work,
    settle,
    log,
    limitSeconds,
  });
  const listener = listenForWakeUps({
    connectionString,
    channel: 'sites',
    wake,
    log,
  });

  /** Call it after the last answer: the worker needs the pool. */
  async function stop(graceSeconds = 10) {
    await Promise.all([listener.stop(), worker.stop(graceSeconds)]);
    await pool.end();
  }
  // #endregion wire
  return { app: createApp({ sites, check, log }), stop };
}
