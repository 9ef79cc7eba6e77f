import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { type Answer, createClient, OPERATORS } from './test-client.ts';
import { SCHEMA, sendUsers } from './test-models.ts';
import { VERSIONS } from './test-versions.ts';

await using database = await freshDatabase({ schema: SCHEMA });
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  {
    OPERATORS: JSON.stringify(OPERATORS),
    DATABASE_URL: database.url,
    PORT: '0',
  },
);
const ada = createClient(program.url);
const ben = ada.asBen();

for (const version of Object.values(VERSIONS))
  await ada.register(version);
const changed = { ...VERSIONS.bad, version: '1' };
show('version 1 again, with other bytes', await ada.register(changed));
show('1 is live', await ada.change({ to: 'live', version: '1' }));

await ada.change({ to: 'shadow', version: 'bad' });
const seen = await sendUsers(ada, { to: 60 });
const all = new Set(seen.map(({ version }) => version));
console.log(`60 users ask; they are told by version ${[...all]}`);
const { shadow } = await ada.look();
const { differing } = shadow as { differing: number };
console.log(
  `in the shadow, "bad" says otherwise ${differing > 10 ? 'often' : 'rarely'}`,
);

show('Ben insists', await ben.change({ to: 'canary', share: 0.1 }));
const met = await sendUsers(ada, { to: 1000, stop: isRolledBack });
console.log(`rolled back after ${met.length} users, by itself:`);
console.log(`  ${(await newest()).reason}`);

await ada.change({ to: 'shadow', version: '2' });
const change = {
  seen: (await newest()).revision,
  reason: 'looks well',
};
const [first, second] = await Promise.all(
  [ada, ben].map((operator) =>
    operator.send('POST', '/stages', {
      ...{ ...change, to: 'canary', share: 0.5 },
    }),
  ),
);
const codes = [first, second].map((answer) => tell(answer as Answer));
console.log(`Ada and Ben at once: ${codes.toSorted().join(', ')}`);
show('live at once', await ada.change({ to: 'live' }));
const fair = await sendUsers(ada, { to: 1000, stop: isProven });
console.log(`proven after ${fair.length} users`);
show('live now', await ada.change({ to: 'live' }));

async function newest() {
  const { body } = await ada.send('GET', '/stages');
  return Object(body)[0] as { reason: string; revision: number };
}

async function isRolledBack() {
  const { stage } = await ada.look();
  return Object(stage).stage === 'live';
}

async function isProven() {
  return (await ada.look()).verdict === 'proven';
}

function show(what: string, answer: Answer) {
  console.log(`${what}: ${tell(answer)}`);
}

function tell({ status, body }: Answer) {
  return [status, body.code].join(' ').trim();
}
