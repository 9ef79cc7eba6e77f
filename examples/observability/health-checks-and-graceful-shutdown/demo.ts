import { setTimeout as pause } from 'node:timers/promises';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { waitUntil } from '@touchstone/kit/time/wait';
import { startLoad, startSite } from './test-site.ts';

const MAIN = new URL('main.ts', import.meta.url);

await loseTheDatabase();
await replaceBothInstances();

async function loseTheDatabase() {
  const schema = new URL('schema.sql', import.meta.url);
  await using database = await freshDatabase({ schema });
  const url = new URL(database.url);
  const port = Number(url.port);
  await using proxy = await startTcpProxy(port);
  url.port = `${proxy.port}`;
  await using program = await startProgram(MAIN, {
    DATABASE_URL: url.href,
    PORT: '0',
  });
  const probe = async (path: string) =>
    (await fetch(`${program.url}${path}`)).status;
  const becomes = (status: number) =>
    waitUntil(
      `/readyz is ${status}`,
      async () => (await probe('/readyz')) === status,
    );
  const tell = async (when: string) => {
    const [live, ready] = [
      await probe('/livez'),
      await probe('/readyz'),
    ];
    console.log(`${when}: /livez ${live}, /readyz ${ready}`);
  };

  await becomes(200);
  await tell('after the start');
  proxy.pointTo(await findFreePort());
  proxy.cut();
  await becomes(503);
  await tell('the database is down');
  proxy.pointTo(port);
  await becomes(200);
  await tell('the database is back');
  await program.signal('SIGTERM');
  await becomes(503);
  await tell('after SIGTERM');
  await pause(1000); // what comes sooner is the same signal
  console.log(
    `SIGTERM again: exit code ${await program.kill('SIGTERM')}`,
  );
}

async function replaceBothInstances() {
  await using site = await startSite({
    program: MAIN,
    probe: '/readyz',
  });
  const load = startLoad(site.url);
  await waitUntil(
    'orders are placed',
    () => (load.counts[201] ?? 0) > 50,
  );
  const codes = await site.deploy();
  const { 201: placed = 0, ...failed } = await load.stop();
  console.log(
    `both replaced under load: exit codes ${codes.join(', ')}`,
  );
  const { rows } = await site.pool.query<{ count: number }>(
    'select count(*)::int as count from orders',
  );
  console.log(`orders that failed: ${Object.keys(failed).length}`);
  console.log(`each 201 is a row: ${rows[0]?.count === placed}`);
}
