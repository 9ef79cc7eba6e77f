import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import {
  prepareBcrypt,
  prepareBetterAuth,
  prepareCached,
  prepareNaive,
  preparePattern,
  type Way,
} from './bench-ways.ts';

const LOAD = { clients: 8, seconds: 2 };
const KEYS = 1000;

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const pattern = await preparePattern(pool, KEYS);
const cached = prepareCached(pattern);
const better = await prepareBetterAuth(pool, KEYS);
const naive = await prepareNaive(pool, KEYS);
const bcrypt = await prepareBcrypt(pool, 20);

const names = {
  pattern: 'this pattern',
  cached: 'the same, cached for a minute',
  better: 'better-auth, @better-auth/api-key',
  naive: 'the naive way: cached, and a write each time',
};

const spread = await compare({
  title: `Verifications of ${KEYS} keys, ${LOAD.clients} at once`,
  unit: 'keys/s',
  better: 'higher',
  contenders: [
    { name: names.pattern, measure: measure(pattern) },
    {
      name: names.cached,
      note: 'a revoked key is accepted for up to a minute',
      measure: measure(cached),
    },
    {
      name: names.better,
      note: 'with deferUpdates, without its limit of requests',
      measure: measure(better),
    },
    {
      name: names.naive,
      note: 'a revoked key is accepted; each request writes',
      measure: measure(naive),
    },
    {
      name: 'bcrypt, compared with each row',
      note: '20 keys, cost 10',
      measure: measure(bcrypt),
    },
  ],
});
const hot = await compare({
  title: `Verifications of one key, ${LOAD.clients} at once`,
  unit: 'keys/s',
  better: 'higher',
  contenders: [
    { name: names.pattern, measure: measureOne(pattern) },
    {
      name: names.better,
      note: 'with deferUpdates, without its limit of requests',
      measure: measureOne(better),
    },
    { name: names.naive, measure: measureOne(naive) },
  ],
});
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/api-key-management',
  software: `PostgreSQL ${rows[0].server_version}, @better-auth/api-key 1.7.5`,
  tables: [spread, hot],
});

function measure({ keys, verify }: Way) {
  return () =>
    operationsPerSecond(LOAD, async () => {
      const key = keys[Math.floor(Math.random() * keys.length)];
      if (await verify(`${key}`)) return;
      throw new Error('a right key was refused');
    });
}

function measureOne({ keys, verify }: Way) {
  return measure({ keys: keys.slice(0, 1), verify });
}
