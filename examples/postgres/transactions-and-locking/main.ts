import { runExample } from '@touchstone/kit/app/run-example';
import { createAccounts } from './accounts.ts';
import { createApp } from './app.ts';
import { createPool } from './create-pool.ts';

await runExample(import.meta, async ({ pool: admin, databaseUrl }) => {
  await admin.query(
    `insert into accounts (id, owner, cents)
     values ('ana', 'Ana', 10000), ('bob', 'Bob', 10000),
            ('cy-1', 'Cy', 5000), ('cy-2', 'Cy', 5000)
     on conflict (id) do nothing`,
  );
  const pool = createPool(databaseUrl, console);
  const accounts = createAccounts({ pool, log: console });
  const app = createApp({ accounts, sendMail, log: console });
  const commands = (url: string) => [`curl ${url}/accounts`];
  return { app, commands, stop: () => pool.end() };
});

/** A mail server is not part of this example. */
async function sendMail({ account }: { account: string }) {
  console.log(`a mail to the owner of ${account}`);
}
