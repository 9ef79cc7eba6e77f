import { gzipSync } from 'node:zlib';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { applyAcmeEvent } from './accounts.ts';
import { createSigningSecret } from './secrets.ts';
import { signStandard, signStripe } from './sign.ts';
import { createVerifier } from './signatures.ts';
import { startTestApp } from './test-app.ts';
import { drip, sendPieces } from './test-attacks.ts';
import { endIdleTransactions, passTime } from './test-database.ts';
import { startPaymentsProgram } from './test-program.ts';
import {
  writePaid,
  writeStatus,
  writeStripePaid,
} from './test-sender.ts';
import type { WebhookHandler } from './webhook-handlers.ts';
// Cases of the parts, also for those who copy this file.
import './test-inbox-cases.ts';
import './test-request-cases.ts';

const refused = { status: 400, body: { code: 'invalid_signature' } };
const accepted = { status: 202, body: {} };
const failed = { status: 500, body: { code: 'internal_error' } };

/** How long a job belongs to a worker: its time limit, and three times that of an answer. */
const LEASE_SECONDS = 60 + 3 * 5;

failure(
  'The body is changed on its way, or a JSON parser writes it again',
  {
    symptom:
      '400 `invalid_signature` for the changed one; a genuine body with `10.50`, spaces or `\\u00eb` in it gets 202',
    defence: 'verify',
    remains: 'If a proxy rewrites bodies, every signature is invalid',
  },
  async () => {
    await using app = await startTestApp();
    const at = app.clock();
    const acme = { id: 'msg_1', at, secrets: [app.secrets.acme] };
    const stripe = { at, secrets: [app.secrets.stripe] };
    const genuine =
      '{"id": "evt_1",  "type": "invoice.paid", "timestamp": "2026-01-01T00:00:00Z", "data": {"customer": "Zo\\u00eb", "rate": 10.50, "amount_paid": 1000, "object": {"customer": "Zo\\u00eb", "amount_paid": 1000}}}';
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
    expect(await app.count('webhook_receipts')).toBe(0);

    expect(await app.sendStandard(genuine, acme)).toEqual(accepted);
    expect(await app.sendStripe(genuine, stripe)).toEqual(accepted);
    app.startWorker();
    await app.untilDone();
    expect(await app.readCredit('Zoë')).toBe(2000);
  },
);

failure(
  'A request is signed with another secret, or the secret is empty, weak or being rotated',
  {
    symptom:
      'Another secret: 400 `invalid_signature`. Old and new one while both are set: 202. An empty or weak one: the program does not start',
    defence: 'to-key',
    remains:
      'A leaked secret works until you remove it. The check cannot know whether a secret is public',
  },
  () => {
    const [before, after] = [
      createSigningSecret(),
      createSigningSecret(),
    ];
    const stranger = createSigningSecret();
    const older = createSigningSecret();
    // The secrets that we hold, those that sign, and the answer.
    const cases: [string[], string[], boolean][] = [
      [[before], [before], true],
      [[after, before], [before], true],
      [[after, before], [after], true],
      [[after, before, older], [after], true],
      [[after, before, older], [older], true],
      [[after], [before, after], true],
      [[after], [after, before], true],
      [[after], [before], false],
      [[before], [stranger], false],
      [[after, before], [stranger], false],
      [[before], [''], false],
    ];
    for (const [held, secrets, isAccepted] of cases)
      expect(verifyBoth(held, secrets)).toEqual([
        isAccepted,
        isAccepted,
      ]);

    const least = ['abcdefghijkl', 'abcdefghij-_', 'abdijkwhsec_'];
    const strong = least.map((text) => text.repeat(3));
    for (const secret of [...strong, SHORTEST])
      expect(verifyBoth([secret], [secret])).toEqual([true, true]);
    const weak = [
      '',
      'whsec_',
      '!!!!',
      `whsec_${'!'.repeat(44)}`,
      `${before} `,
      ` ${before}`,
      `whsec_${'abcdefghijk'.repeat(3)}`,
      'whsec_abcdefghijklmnopqrstuvwxyzABCDE',
      `whsec_${'change-me'.repeat(5)}`,
      `whsec_${'test'.repeat(11)}`,
    ];
    expect(() =>
      createVerifier({ scheme: 'standard', secrets: [] }),
    ).toThrow('No signing secret');
    for (const secret of weak)
      for (const secrets of [[secret], [before, secret]])
        for (const scheme of ['standard', 'stripe'] as const)
          expect(() => createVerifier({ scheme, secrets })).toThrow(
            'A signing secret is missing or too weak',
          );
  },
);

failure(
  'A request that was captured is sent again',
  {
    symptom:
      'After five minutes 400 `invalid_signature`; before, 202 and no second effect',
    defence: 'verify',
    remains:
      'A server whose clock is wrong by five minutes refuses every webhook',
  },
  async () => {
    await using app = await startTestApp();
    const at = app.clock();
    const acme = { id: 'msg_1', at, secrets: [app.secrets.acme] };
    const stripe = { at, secrets: [app.secrets.stripe] };
    const paid = writeStripePaid('evt_1', 'ada');
    const deliver = async () => [
      (await app.sendStandard(writePaid('ada'), acme)).status,
      (await app.sendStripe(paid, stripe)).status,
    ];
    app.startWorker();
    expect(await deliver()).toEqual([202, 202]);
    await app.untilDone();

    app.clock.advance({ minutes: 5 });
    expect(await deliver()).toEqual([202, 202]);
    app.clock.advance({ seconds: 1 });
    expect(await deliver()).toEqual([400, 400]);
    app.clock.advance({ days: 30 });
    expect(await deliver()).toEqual([400, 400]);

    await app.untilDone();
    expect(await app.readCredit('ada')).toBe(2000);
  },
);

failure(
  'The same event comes ten times at once, while its handler waits, or later',
  {
    symptom: '202 each time and at once; one receipt, one effect',
    defence: 'accept',
    remains:
      'A copy that comes after its receipt was purged counts again. Of two bodies with one id, the first counts',
  },
  async () => {
    await using app = await startTestApp();
    const unlock = await app.lock('accounts');
    const copies = Array.from({ length: 10 }, () => app.pay('ada'));
    expect(await Promise.all(copies)).toEqual(Array(10).fill(accepted));
    expect(await app.count('webhook_events')).toBe(1);

    app.startWorker();
    await untilWaiting(app.pool);
    // The handler has the event, and waits: senders do not.
    expect(await app.pay('ada')).toEqual(accepted);
    expect(await app.pay('bob')).toEqual(accepted);
    await unlock();
    await passTime(app.pool, 60);
    await app.untilDone();
    expect(await app.pay('ada')).toEqual(accepted);
    expect(await app.count('jobs')).toBe(0);

    expect(await app.count('webhook_receipts')).toBe(2);
    expect(await app.count('webhook_events')).toBe(0);
    expect(await app.readCredit('ada')).toBe(1000);
    expect(await app.readCredit('bob')).toBe(1000);
  },
);

failure(
  'The database is slow or fails before the event is kept',
  {
    symptom:
      'No answer before the commit; 500 `internal_error` and nothing kept when it fails, so the sender sends the event again',
    defence: 'accept',
    remains:
      'A sender that gives up after some days: read its list of events after a long outage',
  },
  async () => {
    await using app = await startTestApp();
    for (const table of [
      'webhook_receipts',
      'webhook_events',
      'jobs',
    ]) {
      const unlock = await app.lock(table);
      let isAnswered = false;
      const answer = app.pay(table).finally(() => {
        isAnswered = true;
      });
      await untilWaiting(app.pool);
      // A second request goes and comes meanwhile.
      expect(await app.readCredit('ada')).toBeUndefined();
      expect(isAnswered).toBe(false);
      await unlock();
      expect(await answer).toEqual(accepted);

      await app.pool.query(`alter table ${table} rename to gone`);
      expect(await app.pay('ada')).toMatchObject(failed);
      await app.pool.query(`alter table gone rename to ${table}`);
      expect(await app.count(`webhook_receipts where id = 'ada'`)).toBe(
        0,
      );
    }

    expect(await app.pay('ada')).toEqual(accepted);
    app.startWorker();
    await app.untilDone();
    expect(await app.readCredit('ada')).toBe(1000);
  },
);

failure(
  'Events come out of order',
  {
    symptom: 'The newest state stays, whichever came last',
    defence: 'follow',
    remains:
      'A sender without exact timestamps, such as Stripe: fetch the object from its API instead of trusting the event',
  },
  async () => {
    const events: [string, number][] = [
      ['trialing', 1],
      ['active', 2],
      ['canceled', 3],
    ];
    await using app = await startTestApp();
    app.startWorker();
    for (const [turn, order] of permute(events).entries()) {
      await app.pool.query('truncate accounts');
      for (const [status, second] of order) {
        await app.sendStandard(writeStatus(status, second), {
          id: `msg_${turn}_${status}`,
          at: app.clock(),
          secrets: [app.secrets.acme],
        });
        await app.untilDone();
      }
      const { rows } = await app.pool.query('select * from accounts');
      expect(rows).toMatchObject([
        { customer: 'ada', status: 'canceled' },
      ]);
    }
  },
);

failure(
  'A worker is killed or frozen in the middle of an event',
  {
    symptom:
      'The effect is undone, and the event stays; another worker processes it once the lease of its job has ended, and it counts once',
    defence: 'process-event',
    remains:
      'A kill spends one of 20 attempts. A frozen worker keeps its locks until Postgres ends its transaction after 65 s. A mail, or a call to another API, is not undone: give it the id of the event as its idempotency key',
  },
  async () => {
    await using app = await startTestApp();
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      await using program = await startPaymentsProgram(app.databaseUrl);
      const unlock = await app.lock('accounts');
      expect(await program.pay(signal)).toEqual(accepted);
      await untilWaiting(app.pool);
      await program.signal(signal);
      await unlock();
      if (signal === 'SIGSTOP') await endIdleTransactions(app.pool);

      await passTime(app.pool, LEASE_SECONDS);
      expect(await app.count('webhook_events')).toBe(1);
      expect(await app.readCredit(signal)).toBeUndefined();
      const worker = app.startWorker();
      await app.untilDone();
      expect(await app.readCredit(signal)).toBe(1000);
      await worker.stop();
      if (signal === 'SIGKILL') continue;
      await program.signal('SIGCONT');
      await waitUntil('it knows', () =>
        program.read().errors.includes('lease lost'),
      );
      expect(await app.readCredit(signal)).toBe(1000);
    }
  },
);

failure(
  'A handler throws each time',
  {
    symptom:
      'Other events go on. After 20 attempts in six hours the log has `job is dead`. Once the handler is fixed, `revive` starts the event again, and so does a copy from the sender, a minute later',
    defence: 'process-event',
    remains:
      'Alert on dead jobs. Each copy of an event that fails adds a job with 20 attempts of its own. When a copy has succeeded, the dead job of the event is still listed: revive it, and it ends without an effect',
  },
  async () => {
    await using app = await startTestApp();
    let isBroken = true;
    const acme: WebhookHandler = async (event, tx, signal) => {
      await applyAcmeEvent(event, tx, signal);
      if (isBroken && event.id !== 'good') throw new Error('boom');
    };
    app.startWorker({ handlers: { acme } });
    for (const id of ['poison', 'worse', 'good']) await app.pay(id);
    await waitUntil(
      'two are dead',
      async () => (await app.count('dead_jobs')) === 2,
    );
    expect(await app.readCredit('good')).toBe(1000);
    expect(await app.readCredit('poison')).toBeUndefined();
    const { rows: dead } = await app.pool.query(
      `select id, kind, attempts, last_error as "lastError"
       from dead_jobs`,
    );
    const kind = 'webhook-acme';
    expect(dead).toMatchObject([
      { kind, attempts: 20, lastError: 'Error: boom' },
      { kind, attempts: 20, lastError: 'Error: boom' },
    ]);
    expect(app.logged()).toContain('job is dead');
    expect(await app.count('webhook_events')).toBe(2);

    isBroken = false;
    expect(await app.pay('poison')).toEqual(accepted);
    await passTime(app.pool, 60);
    await app.untilDone();
    expect(await app.readCredit('poison')).toBe(1000);
    for (const { id } of dead)
      expect(await app.deadJobs.revive(id)).toBe(true);
    await app.untilDone();
    expect(await app.readCredit('poison')).toBe(1000);
    expect(await app.readCredit('worse')).toBe(1000);
    expect(await app.count('webhook_events')).toBe(0);
  },
);

failure(
  'A handler hangs, or swallows the error of a statement',
  {
    symptom:
      'The attempt fails after 60 s (`timeLimitMs`), or at its commit; its writes are undone. Other events and answers go on',
    defence: 'process-event',
    remains:
      'Code that ignores its signal keeps running after its transaction is rolled back. As many hanging handlers as `concurrency` hold up events until the limit',
  },
  async () => {
    await using app = await startTestApp();
    const begun: string[] = [];
    const signals: AbortSignal[] = [];
    const acme: WebhookHandler = async (event, tx, signal) => {
      await applyAcmeEvent(event, tx, signal);
      const isFirst = !begun.includes(event.id);
      begun.push(event.id);
      if (isFirst && event.id.startsWith('hangs')) {
        signals.push(signal);
        await new Promise(() => {});
      }
      if (isFirst && event.id === 'swallows')
        await tx.query('select 1 / 0').catch(() => {});
    };
    const handlers = { acme };
    const worker = app.startWorker({ handlers, concurrency: 3 });
    const ids = ['hangs 1', 'hangs 2', 'swallows', 'good'];
    for (const id of ids) await app.pay(id);

    await waitUntil('both hang, and the others count', async () => {
      const credits = ids.slice(2).map(app.readCredit);
      const isCounted = `${await Promise.all(credits)}` === '1000,1000';
      return isCounted && signals.length === 2;
    });
    expect(await app.readCredit('hangs 1')).toBeUndefined();
    expect(signals.some(({ aborted }) => aborted)).toBe(false);
    await worker.stop(0);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    const givenBack = 'jobs where attempts = 1 and max_attempts = 21';
    expect(await app.count(givenBack)).toBe(2);

    await app.pay('hangs 3');
    const limits = { timeLimitMs: 1000, limitSeconds: 1 };
    app.startWorker({ handlers, ...limits });
    await app.untilDone();
    expect(signals.map(({ aborted }) => aborted)).toEqual(
      Array(3).fill(true),
    );
    for (const id of [...ids, 'hangs 3'])
      expect(await app.readCredit(id)).toBe(1000);
    const errors = app.entries.map(({ details }) =>
      JSON.stringify(details),
    );
    expect(`${errors}`).toContain(
      'Postgres rolled the transaction back',
    );
    expect(`${errors}`).toContain('longer than its time limit');
  },
);

failure(
  'A sender sends 50 MB, a few kilobytes that unpack to as much, or one byte at a time',
  {
    symptom:
      '413 `too_large` at 256 kB, 415 `compressed_body`, or 408 `too_slow` after ten seconds; the connection is closed, and others are served meanwhile',
    defence: 'read-body',
    remains:
      'Each connection may cost 512 kB: limit their number in a proxy. Node ends slow headers after a minute',
  },
  async () => {
    await using app = await startTestApp({ seconds: 1 });
    const url = `${app.url}/webhooks/acme`;

    const announced = { 'content-length': `${50 * MEGABYTE}` };
    expect(await sendPieces(url, announced, 0)).toMatchObject(tooLarge);
    const unannounced = { 'transfer-encoding': 'chunked' };
    expect(await sendPieces(url, unannounced, 5)).toMatchObject(
      tooLarge,
    );
    const { bytesSent } = await sendPieces(url, unannounced, 800);
    expect(bytesSent).toBeLessThan(20 * MEGABYTE);
    const packed = gzipSync(Buffer.alloc(50 * MEGABYTE));
    const gzip = { 'content-encoding': 'gzip' };
    expect(
      await app.post('acme', gzip, new Uint8Array(packed)),
    ).toMatchObject({ status: 415, body: { code: 'compressed_body' } });

    const drips = Array.from({ length: 100 }, () => drip(app.url, 50));
    const silent = drip(app.url);
    await Promise.all(drips.map(({ started }) => started));
    expect(await app.pay('ada')).toEqual(accepted);
    await waitUntil('every sender is cut off', () =>
      [silent, ...drips].every(({ socket }) => socket.closed),
    );
    const text = await silent.ended;
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain('"code":"too_slow"');
    expect(await app.count('webhook_receipts')).toBe(1);
  },
);

const MEGABYTE = 1024 * 1024;
/** 24 bytes. */
const SHORTEST = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const tooLarge = { status: 413, connection: 'close' };

/** Whether a webhook of each scheme is accepted, with the secrets that we hold and those that sign. */
function verifyBoth(held: string[], secrets: string[]) {
  const at = new Date();
  const body = Buffer.from(writeStripePaid('evt_1', 'ada'));
  const signed = { id: 'evt_1', body, at, secrets };
  const requests = {
    standard: signStandard(signed),
    stripe: signStripe(signed),
  };
  return (['standard', 'stripe'] as const).map((scheme) => {
    const verify = createVerifier({ scheme, secrets: held });
    try {
      return verify({ headers: requests[scheme], body }) === 'evt_1';
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
