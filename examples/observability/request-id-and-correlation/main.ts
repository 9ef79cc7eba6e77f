import { runExample } from '@touchstone/kit/app/run-example';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { httpUrl } from '../../architecture/typed-configuration/fields.ts';
import { createLog } from '../structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { createOrders } from './orders.ts';

const environmentSchema = z.object({
  STOCK_URL: httpUrl(),
  TRUST_CALLERS: z.stringbool().default(false),
});

await runExample(import.meta, ({ pool }) => {
  const { STOCK_URL: stockUrl, TRUST_CALLERS: trustCallers } =
    readEnvironment(environmentSchema);
  const log = createLog();
  const orders = createOrders({ pool, log, stockUrl });
  const app = createApp({ orders, log, trustCallers });
  const timer = setInterval(() => {
    orders
      .runNextJob()
      .catch((error) => log.error('no job ran', error));
  }, 200);
  return { app, stop: async () => clearInterval(timer) };
});
