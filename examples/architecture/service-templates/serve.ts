import { ShuttingDownError } from '../../observability/health-checks-and-graceful-shutdown/shutdown.ts';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { EnvironmentError } from '../typed-configuration/environment.ts';
import { createApp } from './app.ts';
import { createOrders } from './orders.ts';
import { readSettings } from './settings.ts';
import { startService } from './start-service.ts';

// What production starts. It needs DATABASE_URL; see settings.ts.
try {
  const settings = readSettings();
  const log = createLog({ level: settings.LOG_LEVEL });
  // #region serve
  const port = await startService({
    name: 'shop',
    databaseUrl: settings.DATABASE_URL.reveal(),
    host: settings.HOST,
    port: settings.PORT,
    noticeMs: settings.NOTICE,
    limitMs: settings.SHUTDOWN,
    migrations: new URL('migrations/', import.meta.url),
    log,
    create({ pool, queue }) {
      const orders = createOrders({ pool, queue });
      return {
        app: createApp({ orders, log }),
        handlers: { 'confirm-order': orders.confirm },
      };
    },
  });
  // #endregion serve
  const url = `http://${settings.HOST}:${port}`;
  log.info(`listening on ${url} until SIGTERM`);
} catch (error) {
  if (error instanceof EnvironmentError) {
    // Its reader needs the sentences, not the stack.
    console.error(error.message);
    process.exitCode = 1;
  } else if (!(error instanceof ShuttingDownError)) throw error;
}
