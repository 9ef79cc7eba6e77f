import { runExample } from '@touchstone/kit/app/run-example';
import { createApp } from './app.ts';
import { createUser } from './create-user.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { readSettings } from './settings.ts';

const ADA = {
  email: 'ada@example.com',
  password: 'correct horse battery',
};

await runExample(import.meta, async ({ pool }) => {
  const settings = readSettings();
  const hasher = createPasswordHasher(settings);
  await createUser(pool, ADA.email, await hasher.hash(ADA.password));

  return {
    app: createApp({ ...settings, pool, log: console }),
    commands: (url) => [
      `curl -i ${url}/sessions -H 'content-type: application/json' -d '${JSON.stringify(ADA)}'`,
    ],
  };
});
