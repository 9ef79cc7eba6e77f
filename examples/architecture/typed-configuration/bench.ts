import { randomBytes } from 'node:crypto';
import { createEnv } from '@t3-oss/env-core';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import convict from 'convict';
import { bool, cleanEnv, port, str, url } from 'envalid';
import { z } from 'zod';
import { readNaively } from './naive.ts';
import { readShopSettings } from './shop-settings.ts';

const READS = 200;
const ENVIRONMENT = {
  SHOP_PORT: '3000',
  SHOP_BASE_URL: 'https://shop.test',
  SHOP_DATABASE_URL: 'postgres://shop:pw@db/shop',
  SHOP_SESSION_KEY: randomBytes(32).toString('base64url'),
  SHOP_PAYMENT_TIMEOUT: '10s',
  SHOP_TEST_PAYMENTS: 'false',
  SHOP_LOG_LEVEL: 'info',
};

const t3Schema = {
  SHOP_PORT: z.coerce.number().int(),
  SHOP_BASE_URL: z.url(),
  SHOP_DATABASE_URL: z.url(),
  SHOP_SESSION_KEY: z.string().min(43),
  SHOP_PAYMENT_TIMEOUT: z.string(),
  SHOP_TEST_PAYMENTS: z.stringbool(),
  SHOP_LOG_LEVEL: z.enum(['debug', 'info']),
};
const zodSchema = z.object(t3Schema);
const envalidSpecs = {
  SHOP_PORT: port(),
  SHOP_BASE_URL: url(),
  SHOP_DATABASE_URL: url(),
  SHOP_SESSION_KEY: str(),
  SHOP_PAYMENT_TIMEOUT: str(),
  SHOP_TEST_PAYMENTS: bool(),
  SHOP_LOG_LEVEL: str({ choices: ['debug', 'info'] }),
};

function readWithConvict() {
  const text = { format: String, default: '' };
  const config = convict(
    {
      port: { format: 'port', default: 0, env: 'SHOP_PORT' },
      baseUrl: { ...text, env: 'SHOP_BASE_URL' },
      databaseUrl: { ...text, env: 'SHOP_DATABASE_URL' },
      sessionKey: { ...text, env: 'SHOP_SESSION_KEY' },
      timeout: { ...text, env: 'SHOP_PAYMENT_TIMEOUT' },
      test: {
        format: Boolean,
        default: false,
        env: 'SHOP_TEST_PAYMENTS',
      },
      level: { ...text, env: 'SHOP_LOG_LEVEL' },
    },
    { env: ENVIRONMENT },
  );
  return config.validate();
}

/** Milliseconds for one read of seven variables. */
function contender(name: string, read: () => unknown) {
  return {
    name,
    async measure() {
      const start = performance.now();
      for (let done = 0; done < READS; done++) read();
      return (performance.now() - start) / READS;
    },
  };
}

const table = await compare({
  title: 'One read of seven variables',
  unit: 'ms',
  better: 'lower',
  contenders: [
    contender('this pattern', () =>
      readShopSettings({ ...ENVIRONMENT }),
    ),
    contender('process.env by hand (naive)', () =>
      readNaively(ENVIRONMENT),
    ),
    contender('envalid 8.2', () => cleanEnv(ENVIRONMENT, envalidSpecs)),
    contender('t3-env 0.13 with zod', () =>
      createEnv({ server: t3Schema, runtimeEnv: ENVIRONMENT }),
    ),
    contender('zod 4.6 alone', () => zodSchema.parse(ENVIRONMENT)),
    contender('convict 6.2', readWithConvict),
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'architecture/typed-configuration',
  software: 'zod 4.6',
  tables: [table],
});
