import { z } from 'zod';
import { readEnvironment } from './environment.ts';
import { duration, httpUrl, port, secretUrl } from './fields.ts';
import { secret } from './secret.ts';

// #region shop-settings
/** Every variable of the shop; each default is safe in production. */
export const shopSchema = z.object({
  SHOP_PORT: port().prefault('3000').describe('Where to listen.'),
  SHOP_BASE_URL: httpUrl().describe('Where customers find the shop.'),
  SHOP_DATABASE_URL: secretUrl('postgres', 'postgresql').describe(
    'The database of the shop.',
  ),
  SHOP_SESSION_KEY: secret().describe('Signs sessions.'),
  SHOP_PAYMENT_TIMEOUT: duration(60_000)
    .prefault('10s')
    .describe('How long a payment may take, at most 60s.'),
  SHOP_TEST_PAYMENTS: z
    .stringbool({ error: 'must be true or false' })
    .prefault('false')
    .describe('Accepts cards that are for tests.'),
  SHOP_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .prefault('info')
    .describe('The least that is logged: debug, info, warn or error.'),
});

/** Pass it on, and read process.env nowhere else. */
export type ShopSettings = ReturnType<typeof readShopSettings>;

/** Reads the settings once, at the start. */
export function readShopSettings(environment = process.env) {
  return readEnvironment(shopSchema, environment, 'SHOP_');
}
// #endregion shop-settings
