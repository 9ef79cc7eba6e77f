import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createSigningKey } from '../../examples/auth/jwt-access-tokens/signing-keys.ts';
import { startProgram } from '../../examples/kit/programs/program.ts';
import { waitUntil } from '../../examples/kit/time/wait.ts';
import { createAppClient } from '../testing/app-client.ts';
import { openAppDatabase } from '../testing/app-database.ts';
import { buildApp } from '../testing/build-app.ts';

const PATTERNS = [
  'webhook-receiving',
  'background-jobs',
  'refresh-token-rotation',
  'tenant-isolation-rls',
];
const EVENTS = 400;
const SETTINGS = {
  WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  REFRESH_SECRET: randomBytes(32).toString('base64url'),
  SIGNING_KEYS: JSON.stringify([createSigningKey(new Date(0))]),
};

/** To end what hangs: it builds an app, and a busy machine is slow. */
const PATIENCE_MS = 600_000;

it(
  'an app of four patterns loses nothing when it is killed and its database restarts',
  async () => {
    using app = await buildApp('one-app', PATTERNS);
    await using database = await openAppDatabase(app.migrations);
    const acme = await database.addTenant('ada@example.com');
    const globex = await database.addTenant('bob@example.com');
    const client = createAppClient(SETTINGS.WEBHOOK_SECRET);
    const start = async () => {
      const program = await startProgram(app.main, { ...SETTINGS, DATABASE_URL: database.appUrl });
      client.moveTo(program);
      return program;
    };
    const events = Array.from({ length: EVENTS }, (_, index) => ({
      id: `msg_${index}`,
      tenant: index % 4 === 0 ? globex : acme,
    }));

    const sent = client.sendAll(events);
    const ada = client.logIn('ada@example.com');
    for (const deed of ['kill', 'restart', 'kill', 'restart', 'kill']) {
      await using program = await start();
      await pause(200 + Math.random() * 300);
      if (deed === 'restart') await database.restart();
      await ada.then(({ refresh }) => refresh());
      await program.kill('SIGKILL');
    }
    await using _ = await start();
    await sent;
    // Their sender may not have heard the answer.
    await client.sendAll(events.slice(0, 40));
    const isDone = async () => (await database.count('credits where mails > 0')) === EVENTS;
    await waitUntil('every credit is mailed', isDone);

    const { list } = await ada;
    const ofAcme = await list();
    const ofGlobex = await (await client.logIn('bob@example.com')).list();
    const idsOf = (tenant: string) =>
      events.filter((event) => event.tenant === tenant).map(({ id }) => id);
    expect(ofAcme.map(({ id }) => id).sort()).toEqual(idsOf(acme).sort());
    expect(ofGlobex.map(({ id }) => id).sort()).toEqual(idsOf(globex).sort());
    // Adding one is not idempotent.
    expect(await database.count('credits where mails <> 1')).toBe(0);
    expect(await database.count('dead_jobs')).toBe(0);
    expect(await database.count('webhook_events')).toBe(0);
  },
  PATIENCE_MS,
);
