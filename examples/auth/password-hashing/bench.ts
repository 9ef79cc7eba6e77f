import {
  argon2,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hash, verify } from '@node-rs/argon2';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { verify as verifyWithArgon2 } from 'argon2';
import { createNaiveLogins } from './naive.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createPepper } from './test-app.ts';

const LOAD = { clients: 8, seconds: 2 };
const FLOOD = 64;
const PASSWORD = 'correct horse battery';

const pepper = createPepper();
const secret = Buffer.from(pepper.secret.reveal());
const salt = randomBytes(16);

// What each verifies: Argon2id with 19 MiB, 2 passes and 1 lane.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const bare = await hash(PASSWORD, cost);
const keyed = await hash(PASSWORD, { ...cost, secret });
const hasher = createPasswordHasher({
  peppers: [pepper],
  queue: { parallel: 2, waiting: FLOOD },
});
const stored = await hasher.hash(PASSWORD);
const naive = createNaiveLogins(new Map([['ada', bare]]));

const deriveWithNode = promisify(argon2);
const ownTag = await hashWithNode();
function hashWithNode(): Promise<Buffer> {
  return deriveWithNode('argon2id', {
    message: PASSWORD,
    nonce: salt,
    memory: cost.memoryCost,
    passes: cost.timeCost,
    parallelism: cost.parallelism,
    tagLength: 32,
    secret,
  });
}

// OWASP's setting for scrypt; Node allows it 32 MiB unless it is told.
const scryptTag = await hashWithScrypt();
function hashWithScrypt(): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
  scrypt(PASSWORD, salt, 32, options, (error, tag) =>
    error ? reject(error) : resolve(tag),
  );
  return promise;
}

const pattern = {
  name: 'this pattern',
  operate: async () => (await hasher.verify(PASSWORD, stored)).isRight,
};
const sync = {
  name: 'hashing in the request (naive)',
  operate: () => naive.logIn('ada', PASSWORD),
};
const nodeRs = {
  name: '@node-rs/argon2',
  operate: () => verify(keyed, PASSWORD, { secret }),
};
const others = [
  {
    name: 'node:crypto, argon2',
    operate: async () => timingSafeEqual(await hashWithNode(), ownTag),
  },
  {
    name: 'argon2',
    operate: () => verifyWithArgon2(keyed, PASSWORD, { secret }),
  },
  {
    name: 'node:crypto, scrypt',
    operate: async () =>
      timingSafeEqual(await hashWithScrypt(), scryptTag),
    note: 'N=2^17, r=8, p=1: 128 MiB',
  },
];

type Way = {
  name: string;
  note?: string;
  operate: () => Promise<boolean>;
};

const speed = await compare({
  title: `Passwords verified, ${LOAD.clients} at once`,
  unit: 'passwords/s',
  better: 'higher',
  contenders: [
    { ...pattern, measure: measureSpeed(pattern) },
    ...[sync, nodeRs, ...others].map((way) => {
      return { ...way, measure: measureSpeed(way) };
    }),
  ],
});
const delay = await compare({
  title: 'Event-loop delay meanwhile, 99th percentile',
  unit: 'ms',
  better: 'lower',
  contenders: [
    { ...pattern, measure: measureDelay(pattern) },
    { ...sync, measure: measureDelay(sync) },
    { ...nodeRs, measure: measureDelay(nodeRs) },
  ],
});
const reading = await compare({
  title: `Reading a file while ${FLOOD} logins arrive`,
  unit: 'ms',
  better: 'lower',
  contenders: [
    { ...pattern, measure: measureReading(pattern) },
    { ...sync, measure: measureReading(sync) },
    {
      ...nodeRs,
      measure: measureReading(nodeRs),
      note: 'all at once: its hashes take every thread',
    },
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/password-hashing',
  software: '@node-rs/argon2 2.2.1, argon2 0.45.1',
  tables: [speed, delay, reading],
});

/** One login, as a request brings it: in a turn of the event loop. */
async function logIn({ name, operate }: Way): Promise<void> {
  await nextTurn();
  if (!(await operate())) throw new Error(`${name} is wrong`);
}

function measureSpeed(way: Way) {
  return () => operationsPerSecond(LOAD, () => logIn(way));
}

function measureDelay(way: Way) {
  return async () => {
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    await operationsPerSecond(LOAD, () => logIn(way));
    histogram.disable();
    return histogram.percentile(99) / 1e6;
  };
}

function measureReading(way: Way) {
  return async () => {
    const start = performance.now();
    const flood = Array.from({ length: FLOOD }, () => logIn(way));
    await nextTurn(); // the request for the file comes last
    await readFile(new URL(import.meta.url));
    const took = performance.now() - start;
    await Promise.all(flood);
    return took;
  };
}
