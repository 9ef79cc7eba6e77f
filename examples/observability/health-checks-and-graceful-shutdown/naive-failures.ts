import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { waitUntil } from '@touchstone/kit/time/wait';
import { startLoad, startSite } from './test-site.ts';

const NAIVE = new URL('naive-main.ts', import.meta.url);

/** What the probe of a naive instance says while its database is down. */
export async function probeWithoutDatabase() {
  const schema = new URL('schema.sql', import.meta.url);
  await using database = await freshDatabase({ schema });
  const url = new URL(database.url);
  const proxy = await startTcpProxy(Number(url.port));
  url.port = `${proxy.port}`;
  await using program = await startProgram(NAIVE, {
    DATABASE_URL: url.href,
    PORT: `${await findFreePort()}`,
  });
  const before = await fetch(`${program.url}/health`);

  await proxy[Symbol.asyncDispose]();
  const failed: Response[] = [];
  for (let probe = 0; probe < 3; probe++)
    failed.push(await fetch(`${program.url}/health`));
  return {
    before: before.status,
    statuses: failed.map(({ status }) => status),
    body: (await failed.at(-1)?.text()) ?? '',
  };
}

/** The answers that customers get while both naive instances are replaced. */
export async function deployUnderLoad() {
  await using site = await startSite({
    program: NAIVE,
    probe: '/health',
  });
  const load = startLoad(site.url);
  await waitUntil(
    'orders are placed',
    () => (load.counts[201] ?? 0) > 50,
  );
  await site.deploy();
  const { 201: placed = 0, ...failed } = await load.stop();
  return { placed, failed };
}
