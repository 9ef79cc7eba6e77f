import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { startProgram } from '../../examples/kit/programs/program.ts';
import { ROOT } from '../../scripts/files/root.ts';
import { findAddable } from '../cli/commands/create.ts';
import { makeOwnTables } from '../testing/own-tables.ts';
import { buildTestLibrary, makeFolder } from '../testing/test-library.ts';
import { createService } from './create-service.ts';

/** To end what hangs: it starts a service for each pattern, and a busy machine is slow. */
const PATIENCE_MS = 600_000;

it(
  'a new service starts and takes an order with each pattern that can be added, and with all of them',
  async () => {
    using built = buildTestLibrary();
    await using server = await startPostgres();
    const ids = findAddable(built.library).map(({ id }) => id);
    const choices = [...ids.map((id) => [id]), ids];

    const answers = [];
    for (const [index, choice] of choices.entries()) {
      using place = makeFolder();
      const { added } = createService(built.library, place.folder, choice);
      symlinkSync(join(ROOT, 'node_modules'), join(place.folder, 'node_modules'));
      const url = await makeDatabase(server.url, `service_${index}`);
      await using database = openPool(url);
      for (const { role, pattern, text } of added?.files ?? [])
        if (role === 'migration') await makeOwnTables(database.pool, pattern, text);
      await using program = await startProgram(pathToFileURL(join(place.folder, 'src/serve.ts')), {
        DATABASE_URL: url,
        PORT: '0',
      });
      const { status } = await order(program.url);
      await program.kill('SIGKILL'); // it would wait for its load balancer
      answers.push(`${choice.join()}: ${status}`);
    }

    expect(answers).toEqual(choices.map((choice) => `${choice.join()}: 201`));
    expect(ids.length).toBeGreaterThan(9);
  },
  PATIENCE_MS,
);

async function makeDatabase(admin: string, name: string): Promise<string> {
  await using database = openPool(admin);
  await database.pool.query(`create database ${name}`);
  return Object.assign(new URL(admin), { pathname: name }).href;
}

function order(url: string): Promise<Response> {
  return fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"customer":"ada","cents":1200}',
  });
}
