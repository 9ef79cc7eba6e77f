import { startProgram } from '@touchstone/kit/programs/program';
import type { Answer } from '@touchstone/kit/testing/client';
import { signUpAt, startTestDatabase } from './test-app.ts';

await using database = await startTestDatabase();
const main = new URL('main.ts', import.meta.url);
{
  await using program = await startProgram(main, {
    DATABASE_URL: database.appUrl,
    PORT: '0',
  });
  const acme = await signUpAt(program.url, 'Acme');
  const globex = await signUpAt(program.url, 'Globex');
  console.log('Acme and Globex sign up');

  show('Acme creates "launch"', await acme.create('launch'));
  const secret = await globex.create('launch', 'Buy Acme');
  show('Globex creates "launch" too', secret);
  show('Acme creates "launch" again', await acme.create('launch'));

  const { body: projects } = await acme.search();
  console.log('Acme lists:', projects.map(({ name }) => name).join());
  const { body: found } = await acme.search(`' or true --`);
  console.log(
    `Acme searches for "' or true --": ${found.length} found`,
  );

  const { id } = secret.body;
  show(
    'Acme adds a task to the project of Globex',
    await acme.addTask(id),
  );
  show('Acme deletes the project of Globex', await acme.remove(id));
  show('Globex deletes it', await globex.remove(id));
}

await database.asOwner(
  'create table invoices (total int); grant select on invoices to tenancy_app',
);
console.log('a table without a policy is added; the app starts again:');
await startProgram(main, { DATABASE_URL: database.appUrl }).catch(
  ({ message }) =>
    console.log(
      /tenants are not kept apart:(\n {2}\w.*)+/.exec(message)?.[0],
    ),
);

function show(what: string, { status, body }: Answer) {
  console.log(`${what}: ${[status, body.code].join(' ').trim()}`);
}
