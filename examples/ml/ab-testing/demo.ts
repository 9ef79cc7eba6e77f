import { createModelFolder } from '@touchstone/kit/models/iris-files';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  createTrialClient,
  OPERATOR_TOKEN,
  sendUsers,
} from './test-client.ts';
import { MISLABELLED } from './test-versions.ts';
import { trainVersion, writeVersion } from './train-version.ts';

await using files = await createModelFolder();
await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
for (const [version, mislabelled] of Object.entries(MISLABELLED)) {
  const trained = await trainVersion(version, { mislabelled });
  await writeVersion(files.folder, trained);
}
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  {
    OPERATOR_TOKEN,
    DATABASE_URL: database.url,
    MODELS: files.path,
    DEADLINE: '5s',
    PORT: '0',
  },
);
const client = createTrialClient(program.url);

await show('"bad" in the shadow', { to: 'shadow', candidate: 'bad' });
const seen = await sendUsers(client, { to: 60 });
const versions = new Set(seen.map(({ version }) => version));
console.log(`60 users ask; version ${[...versions]} answers them`);
const { shadow } = await waitFor(({ shadow }) => shadow?.users === 60);
console.log(
  `in the shadow, "bad" says otherwise ${Number(shadow?.differing) > 10 ? 'often' : 'rarely'}`,
);
await show('as a canary all the same', { to: 'canary', share: 0.1 });
await sendUsers(client, { to: 2000, stop: isOver });
const { rows } = await database.pool.query(
  'select changed_by, reason from model_trials where id = 1',
);
const [{ changed_by, reason }] = rows;
console.log(
  `rolled back by the ${changed_by}: ${reason.split(':')[0]}`,
);
await show('"bad" again', { to: 'shadow', candidate: 'bad' });
await show('as a canary', { to: 'canary', share: 0.1 });
await show('no trial', { to: 'rollback' });

await show('version 2 in the shadow', { to: 'shadow', candidate: '2' });
await show('as a canary', { to: 'canary', share: 0.5 });
await show('live at once', { to: 'live' });
await sendUsers(client, {
  to: 4000,
  stop: async () => (await client.look()).verdict === 'proven',
});
console.log('some hundred users later: proven');
await show('live now', { to: 'live' });
await show('and back', { to: 'rollback', trial: 3 });
await show('and back', { to: 'rollback', trial: 3 });

async function isOver() {
  return (await client.look()).trial === null;
}

async function waitFor(
  isThere: (look: Awaited<ReturnType<typeof client.look>>) => boolean,
) {
  for (;;) {
    const look = await client.look();
    if (isThere(look)) return look;
  }
}

async function show(what: string, command: object) {
  const { status, body } = await client.change(command);
  const said = body.code ?? `${status}, live is ${body.live}`;
  console.log(`${what}: ${said}`);
}
