import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import type { Pool } from 'pg';
import { afterAll } from 'vitest';
import { createApp } from './app.ts';
import type { AskVersion } from './ask-versions.ts';
import {
  type ModelTrialsOptions,
  startModelTrials,
} from './model-trials.ts';
import { createTrialClient, OPERATOR_TOKEN } from './test-client.ts';
import { startTrained } from './test-pools.ts';
import { MISLABELLED } from './test-versions.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** An hour: a test says when a server looks. */
const NEVER = 3_600_000;

type Versions = Record<string, AskVersion>;
type Settings = Partial<Omit<ModelTrialsOptions, 'pool' | 'log'>> & {
  /** Instead of those that are trained. */
  versions?: Versions;
  createDeadline?: () => AbortSignal;
};

let trained: ReturnType<typeof startAll> | undefined;

/** The versions `1`, `2` and `bad`, in a thread each for all tests of a file. */
async function startAll() {
  const versions: Versions = {};
  const stops: (() => Promise<void>)[] = [];
  for (const [version, mislabelled] of Object.entries(MISLABELLED)) {
    const pool = await startTrained(version, { mislabelled });
    versions[version] = pool.predict;
    stops.push(pool.stop);
  }
  return {
    versions,
    stop: () => Promise.all(stops.map((end) => end())),
  };
}

afterAll(async () => (await trained)?.stop());

/** A database with version 1 live, and servers on it. */
export async function startTestTrials(settings: Settings = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await freshDatabase({ schema: SCHEMA }));
  const { pool } = database;

  const first = stack.use(await startTestServer(pool, settings));
  const all = stack.move();
  return {
    ...first,
    pool,
    startServer: async (more: Settings = {}) =>
      all.use(await startTestServer(pool, { ...settings, ...more })),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function startTestServer(pool: Pool, settings: Settings) {
  const {
    versions,
    createDeadline = () => new AbortController().signal,
    ...rest
  } = settings;
  trained ??= startAll();
  const served = { ...(await trained).versions, ...versions };
  const log = createTestLog();
  const trials = await startModelTrials({
    pool,
    model: 'irises',
    first: '1',
    findVersion: (version) => served[version],
    rules: { margin: 1.5 },
    limitMs: 60_000,
    followMs: NEVER,
    log,
    ...rest,
  });
  const operatorToken = OPERATOR_TOKEN;
  const server = await listen(
    createApp({ trials, createDeadline, operatorToken, log }),
  );

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await trials.stop();
  }
  return {
    ...createTrialClient(server.url),
    trials,
    url: server.url,
    settle: trials.follow,
    logged: (message: string) =>
      log.entries.filter((entry) => entry.message === message),
    [Symbol.asyncDispose]: dispose,
  };
}
