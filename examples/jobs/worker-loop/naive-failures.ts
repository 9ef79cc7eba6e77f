import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { runProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { startNaiveLoop } from './naive.ts';
import { createSiteChecks } from './site-checks.ts';
import { createGate, hang } from './test-worker.ts';

const schema = new URL('schema.sql', import.meta.url);

/** How many of three sites have an answer after five ticks, of which the first one never answers; and how often that one is asked. */
export async function checkBesideOneThatHangs() {
  await using database = await freshDatabase({ schema });
  const { pool } = database;
  const sites = createSiteChecks({ pool });
  for (const url of ['hangs', 'fine', 'fine too']) await sites.add(url);
  let hanging = 0;
  const loop = startNaiveLoop({
    pool,
    ask(url) {
      if (url !== 'hangs') return Promise.resolve('fine');
      hanging += 1;
      if (hanging === 5) loop.stop();
      return hang();
    },
  });
  await waitUntil('five ticks are over', () => hanging === 5);
  const all = await sites.list();
  const answered = all.filter(({ answer }) => answer).length;
  return { answered, hanging };
}

/** How many processes ask a site that is due once, when two look. */
export async function checkWithTwoProcesses() {
  await using database = await freshDatabase({ schema });
  const { pool } = database;
  const sites = createSiteChecks({ pool });
  await sites.add('slow');
  const both = createGate();
  const loops = [1, 2].map(startProcess);
  // On a slow machine, a tick of a process may overtake its first.
  const askers = new Set<number>();

  function startProcess(process: number) {
    const loop = startNaiveLoop({
      pool,
      async ask() {
        loop.stop();
        askers.add(process);
        if (askers.size === 2) both.open();
        await both.opened;
        return 'fine';
      },
    });
    return loop;
  }

  await both.opened;
  for (const loop of loops) loop.stop();
  await waitUntil('it has its answer', async () =>
    Boolean((await sites.list())[0]?.answer),
  );
  return askers.size;
}

/** The exit code of a process whose database cannot be reached. */
export async function checkWithoutDatabase() {
  const main = new URL('naive-main.ts', import.meta.url);
  const { code } = await runProgram(main, {
    DATABASE_URL: `postgres://127.0.0.1:${await findFreePort()}/x`,
  });
  return code;
}
