import { gzipSync } from 'node:zlib';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { applyEvent, findAccount } from './accounts.ts';
import { environmentSchema } from './environment.ts';
import { createSecrets, createSigningSecret } from './secrets.ts';
import { createVerifiers } from './senders.ts';
import { signStandard, signStripe } from './sign.ts';
import { startTestApp } from './test-app.ts';
import { drip, sendPieces } from './test-attacks.ts';
import { holdAfterEffect } from './test-gate.ts';
import {
  createSender,
  writePaid,
  writeStatus,
  writeStripePaid,
} from './test-sender.ts';
import {
  createWebhookInbox,
  type WebhookEvent,
} from './webhook-inbox.ts';

const MAIN = new URL('main.ts', import.meta.url);
const CRASH = new URL('test-crash.ts', import.meta.url);
const SCHEMA = new URL('schema.sql', import.meta.url);
const refused = { status: 400, body: { code: 'invalid_signature' } };

failure(
  'The body is changed on its way, or a JSON parser writes it anew',
  {
    symptom:
      '400 `invalid_signature` for the changed one; a genuine body with `10.50`, spaces or `\\u00eb` in it gets 202',
    defence: 'verify',
    remains:
      'A proxy in front that rewrites bodies makes every signature wrong',
  },
  async () => {
    await using app = await startTestApp();
    const at = app.clock();
    const acme = { id: 'msg_1', at, secrets: [app.secrets.acme] };
    const stripe = { at, secrets: [app.secrets.stripe] };
    const genuine =
      '{"id": "evt_1",  "type": "invoice.paid", "created": 1767225600, "timestamp": "2026-01-01T00:00:00Z", "data": {"customer": "Zo\\u00eb", "rate": 10.50, "amount_paid": 1000, "object": {"customer": "Zo\\u00eb", "amount_paid": 1000}}}';
    const rewritten = JSON.stringify(JSON.parse(genuine));
    const changed = genuine.replace('1000', '9000');

    for (const tampered of [rewritten, changed, `${genuine} `, '{}']) {
      expect(
        await app.sendStandard(genuine, { ...acme, tampered }),
      ).toMatchObject(refused);
      expect(
        await app.sendStripe(genuine, { ...stripe, tampered }),
      ).toMatchObject(refused);
    }
    expect(await countEvents(app.pool)).toBe(0);

    expect((await app.sendStandard(genuine, acme)).status).toBe(202);
    expect((await app.sendStripe(genuine, stripe)).status).toBe(202);
    await app.processAll();
    expect((await app.readAccount('Zo%C3%AB')).body).toMatchObject({
      creditCents: 2000,
    });
  },
);

failure(
  'The signature is right but the secret is not; or the secret is being rotated',
  {
    symptom:
      'Another secret: 400 `invalid_signature`. Old and new one while both are set: 202',
    defence: 'verify',
    remains: 'A secret that leaked signs until you take it out',
  },
  async () => {
    const [before, after] = [
      createSigningSecret(),
      createSigningSecret(),
    ];
    const stranger = createSigningSecret();
    // Which secrets we hold, which of them sign, and whether we accept.
    const cases: [[string, ...string[]], string[], boolean][] = [
      [[before], [before], true],
      [[after, before], [before], true],
      [[after, before], [after], true],
      [[after], [before, after], true],
      [[after], [after, before], true],
      [[after], [before], false],
      [[before], [stranger], false],
      [[after, before], [stranger], false],
      [[before], [''], false],
    ];

    for (const [held, secrets, accepted] of cases)
      expect(await deliverBoth(held, secrets)).toEqual([
        accepted,
        accepted,
      ]);
  },
);

failure(
  'A request that was captured is sent again',
  {
    symptom:
      'After five minutes 400 `invalid_signature`; before, 202 and no second effect',
    defence: 'verify',
    remains:
      'A receiver whose clock is off by five minutes refuses every webhook',
  },
  async () => {
    await using app = await startTestApp();
    const at = app.clock();
    const acme = { id: 'msg_1', at, secrets: [app.secrets.acme] };
    const stripe = { at, secrets: [app.secrets.stripe] };
    const deliver = async () => [
      (await app.sendStandard(writePaid('ada'), acme)).status,
      (await app.sendStripe(writeStripePaid('evt_1', 'ada'), stripe))
        .status,
    ];
    expect(await deliver()).toEqual([202, 202]);
    await app.processAll();

    app.clock.advance({ minutes: 5 });
    expect(await deliver()).toEqual([202, 202]);
    app.clock.advance({ seconds: 1 });
    expect(await deliver()).toEqual([400, 400]);
    app.clock.advance({ days: 30 });
    expect(await deliver()).toEqual([400, 400]);

    await app.processAll();
    expect((await app.readAccount('ada')).body).toMatchObject({
      creditCents: 2000,
    });
  },
);

failure(
  'The same event comes twice, or ten times at once',
  {
    symptom: '202 each time; one row, one effect',
    defence: 'accept',
    remains:
      'An event that comes again after its row was deleted counts again',
  },
  async () => {
    await using app = await startTestApp();
    const deliver = () =>
      app.sendStandard(writePaid('ada'), {
        id: 'msg_1',
        at: app.clock(),
        secrets: [app.secrets.acme],
      });

    const answers = await Promise.all(
      Array.from({ length: 10 }, deliver),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array(10).fill(202),
    );
    await Promise.all(Array.from({ length: 10 }, app.processAll));
    app.clock.advance({ hours: 1 });
    expect((await deliver()).status).toBe(202);
    await app.processAll();

    expect(await countEvents(app.pool)).toBe(1);
    expect((await app.readAccount('ada')).body).toMatchObject({
      creditCents: 1000,
    });
  },
);

failure(
  'Events come out of order',
  {
    symptom: 'The newest state stays, whichever came last',
    defence: 'follow',
    remains:
      'A sender without fine timestamps, such as Stripe: fetch the object from its API instead of believing the event',
  },
  async () => {
    const events: [string, number][] = [
      ['trialing', 1],
      ['active', 2],
      ['canceled', 3],
    ];
    for (const order of permute(events)) {
      await using app = await startTestApp();
      for (const [status, second] of order) {
        await app.sendStandard(writeStatus(status, second), {
          id: `msg_${status}`,
          at: app.clock(),
          secrets: [app.secrets.acme],
        });
        app.clock.advance({ seconds: 1 });
      }
      expect(await app.processAll()).toBe(3);

      expect((await app.readAccount('ada')).body).toMatchObject({
        status: 'canceled',
      });
    }
  },
);

failure(
  'The process is killed after the effect and before its commit',
  {
    symptom:
      'The effect is undone with the mark; the event is processed again when its retry is due, and counts once',
    defence: 'process-next',
    remains:
      'A mail, or a call to another API, is not undone: hand it the id of the event as its idempotency key',
  },
  async () => {
    await using database = await freshDatabase({ schema: SCHEMA });
    const { pool, url } = database;
    const secrets = createSecrets();
    await using program = await startProgram(MAIN, {
      ...secrets,
      DATABASE_URL: url,
      PORT: '0',
    });
    const sender = createSender(program.url, secrets.OPERATOR_TOKEN);
    const body = writePaid('ada');
    const deliver = () =>
      sender.sendStandard(body, {
        id: 'msg_1',
        at: new Date(),
        secrets: [secrets.ACME_SECRETS],
      });

    await using gate = await holdAfterEffect(pool);
    expect((await deliver()).status).toBe(202);
    await gate.reached();
    await program.kill('SIGKILL');
    await gate.open();
    expect(await readCredit(pool)).toBeUndefined();

    const clock = testClock(new Date().toISOString());
    const handle = applyEvent;
    const inbox = createWebhookInbox({
      pool,
      clock,
      log: silent,
      handle,
    });
    expect(await inbox.processNext()).toBe(false);
    clock.advance({ seconds: 10 });
    expect(await inbox.processNext()).toBe(true);
    clock.advance({ days: 1 });
    expect(await inbox.processNext()).toBe(false);
    expect(await readCredit(pool)).toBe(1000);
  },
);

failure(
  'An event is poisoned: its handler throws each time, or kills the process',
  {
    symptom:
      'Eight attempts in fifteen hours, then the log has `webhook event is a dead letter`; other events go on; `POST …/replay` tries again once the handler is mended',
    defence: 'claim',
    remains:
      'Nobody looks at dead letters by themselves: raise an alarm on their number',
  },
  async () => {
    let isMended = false;
    await using app = await startTestApp({
      async handle(event: WebhookEvent, tx: Queryable) {
        await applyEvent(event, tx);
        if (event.id === 'poison' && !isMended) throw new Error('boom');
      },
    });
    const send = (id: string) =>
      app.sendStandard(writePaid(id), {
        id,
        at: app.clock(),
        secrets: [app.secrets.acme],
      });
    await send('poison');
    await send('ada');

    expect(await app.processAll()).toBe(2);
    expect((await app.readAccount('ada')).body).toMatchObject({
      creditCents: 1000,
    });
    const waits = [10, 40, 160, 640, 2560, 10_240, 40_960];
    for (const seconds of waits) {
      app.clock.advance({ seconds: seconds - 1 });
      expect(await app.processAll()).toBe(0);
      app.clock.advance({ seconds: 1 });
      expect(await app.processAll()).toBe(1);
    }
    app.clock.advance({ days: 365 });
    expect(await app.processAll()).toBe(0);
    expect(app.logged).toHaveLength(8);
    expect(app.logged.at(-1)).toContain(
      'webhook event is a dead letter',
    );
    expect((await app.listDead()).body).toMatchObject([
      { source: 'acme', id: 'poison', lastError: 'boom' },
    ]);
    expect((await app.readAccount('poison')).body).toBeNull();

    isMended = true;
    expect((await app.replay('acme', 'poison')).status).toBe(202);
    expect(await app.processAll()).toBe(1);
    expect((await app.readAccount('poison')).body).toMatchObject({
      creditCents: 1000,
    });
    expect((await app.replay('acme', 'poison')).status).toBe(409);
    expect((await app.listDead()).body).toEqual([]);
    await expectDeadAfterCrashes();
  },
);

failure(
  'Somebody sends 50 MB, or a few kilobytes that unpack to as much',
  {
    symptom:
      '413 `too_large` before the body has come, and 415 `packed_body`; the connection is closed',
    defence: 'read-body',
    remains:
      'Each connection may cost 256 kB: limit their number in front',
  },
  async () => {
    await using app = await startTestApp();
    const url = `${app.url}/webhooks/acme`;

    const announced = { 'content-length': `${50 * MEGABYTE}` };
    expect(await sendPieces(url, announced, 0)).toMatchObject(tooLarge);
    const unannounced = { 'transfer-encoding': 'chunked' };
    expect(await sendPieces(url, unannounced, 5)).toMatchObject(
      tooLarge,
    );
    const { bytesSent } = await sendPieces(url, unannounced, 800);
    expect(bytesSent).toBeLessThan(20 * MEGABYTE);

    const packed = await app.send('/webhooks/acme', {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(50 * MEGABYTE)),
    });
    expect(packed).toMatchObject({
      status: 415,
      body: { code: 'packed_body' },
    });
    expect(await countEvents(app.pool)).toBe(0);
  },
);

failure(
  'A sender drips its body byte by byte, so as to hold connections open',
  {
    symptom:
      '408 `too_slow` after ten seconds however many bytes came, and the connection is closed; others are served meanwhile',
    defence: 'read-body',
    remains:
      'Slow headers: Node ends those after a minute, and a proxy in front sooner',
  },
  async () => {
    await using app = await startTestApp({
      bodyLimits: { seconds: 1 },
    });
    const drips = Array.from({ length: 100 }, () => drip(app.url, 50));
    const silent = drip(app.url);
    await Promise.all(drips.map(({ started }) => started));

    const answer = await app.sendStandard(writePaid('ada'), {
      id: 'msg_1',
      at: app.clock(),
      secrets: [app.secrets.acme],
    });

    expect(answer.status).toBe(202);
    await waitUntil('every sender is cut off', () =>
      [silent, ...drips].every(({ socket }) => socket.closed),
    );
    const text = await silent.ended;
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain('"code":"too_slow"');
  },
);

failure(
  'The program starts with a secret that is missing or well known',
  {
    symptom:
      'It ends at once with exit code 1 and a sentence that says what to set',
    defence: 'read-secrets',
    remains: 'A secret that leaked looks like any other',
  },
  async () => {
    const right = createSecrets();
    const [old, published] = [createSigningSecret(), PUBLISHED_SECRET];
    const wrong: [Record<string, string | undefined>, string][] = [
      [{ ACME_SECRETS: undefined }, 'is not set'],
      [{ STRIPE_SECRETS: undefined }, 'is not set'],
      [{ OPERATOR_TOKEN: undefined }, 'is not set'],
      [{ ACME_SECRETS: '' }, 'is no whsec_ secret'],
      [{ ACME_SECRETS: 'whsec_' }, 'is no whsec_ secret'],
      [{ ACME_SECRETS: `${old},` }, 'is no whsec_ secret'],
      [{ ACME_SECRETS: `${old},tiger` }, 'is no whsec_ secret'],
      [{ STRIPE_SECRETS: `${old} ` }, 'is no whsec_ secret'],
      [{ ACME_SECRETS: `${old},${published}` }, 'is a published value'],
      [
        { STRIPE_SECRETS: `whsec_${'test'.repeat(8)}` },
        'is a well-known value',
      ],
      [{ OPERATOR_TOKEN: 'changeme'.repeat(8) }, 'is a well-known'],
    ];

    for (const [environment, sentence] of wrong) {
      const all = { ...right, ...environment };
      const { error } = environmentSchema.safeParse(all);
      expect(error?.message).toContain(sentence);
    }
    const { ACME_SECRETS } = environmentSchema.parse({
      ...right,
      ACME_SECRETS: `${right.ACME_SECRETS},${old}`,
    });
    expect(ACME_SECRETS).toEqual([right.ACME_SECRETS, old]);

    const { code, errors } = await runProgram(MAIN, {
      ...right,
      ACME_SECRETS: 'tiger',
    });
    expect(code).toBe(1);
    expect(errors).toContain('ACME_SECRETS.0: is no whsec_ secret');
    expect(errors).not.toContain('tiger');
  },
);

const MEGABYTE = 1024 * 1024;
const tooLarge = { status: 413, connection: 'close' };
const PUBLISHED_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const silent = { warn() {}, error() {} };

/** Whether a webhook of each scheme is accepted, with what is held and what signs. */
async function deliverBoth(
  held: readonly [string, ...string[]],
  secrets: string[],
) {
  const at = new Date();
  const body = Buffer.from(writeStripePaid('evt_1', 'ada'));
  const settings = { ACME_SECRETS: held, STRIPE_SECRETS: held };
  const verifiers = createVerifiers(settings, () => at);
  const signed = { id: 'evt_1', body, at, secrets };
  const requests = {
    acme: signStandard(signed),
    stripe: signStripe(signed),
  };
  return Object.entries(requests).map(([source, headers]) => {
    try {
      return verifiers.get(source)?.({ headers, body }) === 'evt_1';
    } catch (error) {
      expect(error).toMatchObject(refused.body);
      return false;
    }
  });
}

function permute<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) =>
    permute(items.toSpliced(at, 1)).map((rest) => [item, ...rest]),
  );
}

async function countEvents(pool: Pool) {
  const { rows } = await pool.query('select from webhook_events');
  return rows.length;
}

async function readCredit(pool: Pool): Promise<number | undefined> {
  return (await findAccount(pool, 'ada'))?.creditCents;
}

/** Two attempts, each of which kills its process; a third finds nothing to do. */
async function expectDeadAfterCrashes() {
  await using database = await freshDatabase({ schema: SCHEMA });
  const inbox = createWebhookInbox({
    pool: database.pool,
    clock: () => new Date(),
    log: silent,
    handle: applyEvent,
    attempts: 2,
  });
  const body = Buffer.from(writePaid('ada'));
  await inbox.accept({ source: 'acme', id: 'deadly', body });

  const codes: (number | null)[] = [];
  for (const AHEAD_SECONDS of ['1', '3600', '7200']) {
    const { code } = await runProgram(CRASH, {
      DATABASE_URL: database.url,
      AHEAD_SECONDS,
    });
    codes.push(code);
  }

  expect(codes).toEqual([1, 1, 0]);
  expect(await inbox.listDead()).toMatchObject([{ id: 'deadly' }]);
}
