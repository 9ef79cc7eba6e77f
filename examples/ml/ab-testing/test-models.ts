import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import type { Pool } from 'pg';
import { createApp } from './app.ts';
import type { ModelVersion } from './model-card.ts';
import {
  type ModelDeploymentOptions,
  startModelDeployment,
} from './model-deployment.ts';
import { startModelThread } from './model-thread.ts';
import { type Answer, createClient, OPERATORS } from './test-client.ts';
import { drawFlowers, VERSIONS } from './test-versions.ts';
import { FAULTS } from './test-worker.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** An hour: a test says when a server looks. */
const NEVER = 3_600_000;

/** A database with three versions, the first of them live, and servers on it. */
export async function startTestModels({
  first: live = '1',
  ...settings
}: Settings & { first?: string } = {}) {
  const database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const stack = new AsyncDisposableStack();
  stack.use(database);

  async function startServer(more: Settings = {}) {
    const server = await startTestServer(pool, {
      ...settings,
      ...more,
    });
    stack.use(server);
    return server;
  }

  const first = await startServer();
  for (const version of Object.values(VERSIONS))
    await first.register(version);
  await first.change({ to: 'live', version: live });
  return {
    ...first,
    pool,
    startServer,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Settings = Partial<Omit<ModelDeploymentOptions, 'pool' | 'log'>>;

async function startTestServer(pool: Pool, settings: Settings) {
  const log = createTestLog();
  const deployment = await startModelDeployment({
    ...{ pool, model: 'iris', log, followMilliseconds: NEVER },
    ...settings,
  });
  const app = createApp({ deployment, operators: OPERATORS, log });
  const server = await listen(app);
  const client = createClient(server.url);
  const { settle, listStages } = deployment;

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await deployment.stop();
  }

  return {
    ...client,
    url: server.url,
    settle,
    newest: async () => (await listStages())[0],
    logged: log.lines,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Users ask one after the other and tell the truth, until there is enough. */
export async function sendUsers(
  client: Pick<ReturnType<typeof createClient>, 'predict' | 'tell'>,
  options: Users,
): Promise<Answer['body'][]> {
  const { from = 0, to, row, silent = () => false, stop } = options;
  const answers: Answer['body'][] = [];
  const flowers = drawFlowers();
  for (let user = from; user < to; user++) {
    const flower = flowers.next().value;
    const { body } = await client.predict(
      `user-${user}`,
      row ?? flower.row,
    );
    answers.push(body);
    if (!silent(body)) await client.tell(body.id, flower.truth);
    if (await stop?.()) break;
  }
  return answers;
}

type Users = {
  from?: number;
  to: number;
  /** What all of them ask; else each has a flower. */
  row?: number[];
  /** Who does not tell the truth. */
  silent?: (answer: Answer['body']) => boolean;
  stop?: () => Promise<boolean> | boolean;
};

/** Version 2 runs in a thread that a row can make hang, throw or end. */
export function startFaulty(answerMilliseconds: number) {
  const file = new URL('test-worker.ts', import.meta.url);
  return (version: ModelVersion) =>
    startModelThread(
      version,
      version.version === '2' ? { file, answerMilliseconds } : {},
    );
}

/** A row that makes a faulty version do this. */
export const rowThat = (fault: keyof typeof FAULTS): number[] => [
  FAULTS[fault],
  ...[3, 4, 1],
];

function createTestLog() {
  const lines: { message: string; details: object }[] = [];
  const write = (message: string, details: object) =>
    void lines.push({ message, details });
  return { lines, info: write, warn: write, error: write };
}
