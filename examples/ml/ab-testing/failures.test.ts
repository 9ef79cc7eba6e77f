import { setTimeout as pause } from 'node:timers/promises';
import { addHang } from '@touchstone/kit/models/add-hang';
import { FAULTS } from '@touchstone/kit/models/faults';
import { createModelFolder } from '@touchstone/kit/models/iris-files';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { holdPauses } from '@touchstone/kit/time/hold-pauses';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { ModelProblem } from '../model-serving/model-problem.ts';
import type { AskVersion } from './ask-versions.ts';
import { type Command, createChangeTrials } from './change-trials.ts';
import { isInCanary, keyOf } from './choose-arm.ts';
import { countTrial } from './count-trial.ts';
import type { Tally } from './evidence.ts';
import {
  judgeTrial,
  type TrialCount,
  trialRules,
} from './judge-trial.ts';
import { startModelTrials } from './model-trials.ts';
import { createNaiveExperiment } from './naive.ts';
import {
  type Body,
  createTrialClient,
  OPERATOR_TOKEN,
  predictAtOnce,
  sendUsers,
  type TrialClient,
} from './test-client.ts';
import {
  chancesOf,
  decideByJudge,
  decideByPValue,
  judgeErrors,
  rollBackAfter,
} from './test-evidence.ts';
import { startFaulty } from './test-pools.ts';
import { SCHEMA, startTestTrials } from './test-trials.ts';
import { FLOWER } from './test-versions.ts';
import { trainVersion, writeVersion } from './train-version.ts';
import { createTrialLog, type Exposure } from './trial-log.ts';
import { createTrialPauses } from './trial-pauses.ts';

const silent = () => true;

failure(
  'The new version is worse',
  {
    symptom:
      'Within a second of the error that proves it, it is rolled back on all servers; the log has `rolled back` and the users who got its answers',
    defence: 'follow',
    remains:
      'Those users got its answers; a version that is only a little worse is shown to thousands of users',
  },
  async () => {
    await using trials = await startTestTrials();
    const other = await trials.startServer();
    await trials.startCanary('bad', 0.25);

    const answers = await sendUsers(trials, {
      to: 600,
      stop: async (count) => {
        if (count % 10 > 0) return false;
        await trials.settle();
        return (await trials.look()).trial === null;
      },
    });

    const met = answers.filter(({ version }) => version === 'bad');
    expect(met.length).toBeGreaterThan(0);
    expect(met.length).toBeLessThan(60);
    expect((await trials.look()).live).toBe('1');
    expect(await readTrials(trials.pool)).toMatchObject([
      {
        changed_by: 'judge',
        reason: expect.stringMatching('^worse: {'),
      },
    ]);
    expect(trials.logged('rolled back')).toHaveLength(1);
    await other.settle();
    for (const server of [trials, other])
      expect(
        versionsOf(await sendUsers(server, { to: 20, silent })),
      ).toEqual(['1']);
  },
);

failure(
  'A team checks the result every day',
  {
    symptom:
      'An equally good version is rolled back with a probability of at most `alpha`, no matter how often it is judged',
    defence: 'evidence',
    remains:
      'An unlucky trial takes longer than one test of a number of users that was fixed before',
  },
  () => {
    const arms = { share: 0.5, live: 0.05, canary: 0.05 };
    const run = (
      decide: Parameters<typeof rollBackAfter>[0]['decide'],
    ) =>
      rollBackAfter({ arms, trials: 1000, users: 2000, decide }).filter(
        Boolean,
      ).length;

    const peeking = run(() =>
      decideByPValue(0.5, (count) => count % 100 === 0),
    );
    const once = run(() =>
      decideByPValue(0.5, (count) => count === 2000),
    );
    const rules = { margin: 1.5, alpha: 0.1 };
    const judged = run(() => decideByJudge(0.5, rules));

    expect(once).toBeGreaterThan(30);
    expect(once).toBeLessThan(70);
    expect(peeking).toBeGreaterThan(150);
    expect(judged).toBeLessThan(50);
  },
);

failure(
  'A version becomes live before it is known to be good',
  {
    symptom: '409 `not_proven`, until the truths of its users prove it',
    defence: 'judge-trial',
    remains:
      'Proven means: fewer than `margin` times the errors. See the table of what that means',
  },
  async () => {
    const rules = { margin: 2, leastTold: 50 };
    await using trials = await startTestTrials({ rules });
    await trials.startCanary('2', 0.5);
    const refused = { status: 409, body: { code: 'not_proven' } };
    expect(await trials.change({ to: 'live' })).toMatchObject(refused);

    await sendUsers(trials, { to: 250 });
    await trials.settle();

    expect(await trials.look()).toMatchObject({ verdict: 'proven' });
    expect(await trials.change({ to: 'live', trial: 2 })).toMatchObject(
      refused,
    );
    expect(await trials.change({ to: 'live' })).toMatchObject({
      status: 201,
      body: { live: '2', trial: null },
    });
    const { body } = await trials.predict('eve', FLOWER.features);
    expect(body).toMatchObject({ version: '2', label: FLOWER.truth });
  },
);

failure(
  'The candidate hangs in native code, and far more users come than the servers can answer',
  {
    symptom:
      '201 for those that can be answered, 503 `overloaded` or 504 for the others; the process and the trial go on',
    defence: 'pauses',
    remains:
      'A native call that hangs has a core until the process ends, which takes SIGKILL, as in `main.ts`',
  },
  async () => {
    await using files = await createModelFolder();
    await using database = await freshDatabase({ schema: SCHEMA });
    await writeVersion(files.folder, await trainVersion('1'));
    const hangs = await trainVersion('2', {}, addHang);
    await writeVersion(files.folder, hangs);
    await using program = await startProgram(
      new URL('main.ts', import.meta.url),
      {
        OPERATOR_TOKEN,
        DATABASE_URL: database.url,
        MODELS: files.path,
        DEADLINE: '2s',
        PORT: '0',
      },
    );
    const client = createTrialClient(program.url);
    await client.startCanary('2', 0.5);
    const hanging = { ...FLOWER.features, sepalLength: 7.5 };

    // No more than fit into the listen queue of Node: 511.
    const answers = await predictAtOnce(
      program,
      Array.from({ length: 500 }, (_, user) => ({
        user: `user-${user}`,
        flower: user % 50 === 0 ? hanging : FLOWER.features,
      })),
    );

    const statuses = new Set(answers);
    // On a busy machine, some wait for longer than their deadline.
    expect([201, 503, 504]).toEqual(
      expect.arrayContaining([...statuses]),
    );
    expect(statuses).toContain(201);
    expect(statuses).toContain(503);
    await waitUntil('the thread is given up', () =>
      program.read().errors.includes('worker lost'),
    );
    const { status, body } = await client.predict(
      'eve',
      FLOWER.features,
    );
    expect({ status, label: body.label }).toEqual({
      status: 201,
      label: FLOWER.truth,
    });
    const { trial, failed } = await client.look();
    expect(trial).toMatchObject({ candidate: '2' });
    expect(failed?.[0]?.total ?? 0).toBeLessThan(4);
    expect(await program.kill('SIGTERM')).not.toBe(0);
  },
);

failure(
  'One hang fails all users who wait at that moment',
  {
    symptom:
      'One failure counts, and the log has `a version failed`; the users of the next seconds count in neither arm',
    defence: 'note',
    remains:
      'A version that hangs all the time counts one failure per `calmMs` on each server',
  },
  async () => {
    for (const hanging of ['live', 'canary'] as const) {
      const version = hanging === 'live' ? '1' : '2';
      await using faulty = await startFaulty(version);
      const deadline = new AbortController();
      await using trials = await startTestTrials({
        versions: { [version]: faulty.predict },
        limitMs: hanging === 'live' ? 60_000 : 400,
        createDeadline: () => deadline.signal,
      });
      await trials.startCanary(hanging === 'live' ? 'bad' : '2', 0.5);
      const row = { ...FLOWER.features, sepalLength: FAULTS.wait };
      const [first = '', ...others] = usersOf(hanging, 40);
      const stuck = trials.predict(first, row);
      await faulty.whenBusy();

      const ask = (user: string) =>
        trials.predict(user, FLOWER.features);
      const waiting = others.map(ask);
      const served = hanging === 'live' ? 'canary' : 'live';
      const quick = await Promise.all(usersOf(served, 40).map(ask));
      if (hanging === 'live') {
        await waitUntil(
          'they wait',
          () => faulty.countWork().waiting === others.length,
        );
        deadline.abort(new DOMException('', 'TimeoutError'));
      }
      const slow = await Promise.all([stuck, ...waiting]);

      const answers = [...quick, ...slow];
      const lost = answers.filter(({ status }) => status === 504);
      expect(lost).toHaveLength(hanging === 'live' ? 40 : 0);
      await waitUntil('the failure is written', async () => {
        await trials.settle();
        return (await trials.look()).failed?.[0]?.total === 1;
      });
      const look = await trials.look();
      const canary = hanging === 'live' ? 0 : 1;
      expect(look.failed).toEqual([{ share: 0.5, total: 1, canary }]);
      expect(look.users).toEqual(look.failed);
      expect(look.verdict).toBe('open');
      expect(trials.logged('a version failed')).toHaveLength(1);
      faulty.open();
    }
  },
);

it('lets one of two operators change a trial who do it at once', async () => {
  await using trials = await startTestTrials();
  const change = (command: object) =>
    trials.send('POST', '/changes', {
      body: { reason: 'a try', command },
    });
  async function changeAtOnce(pair: object[]) {
    const lock = await lockTable(trials.pool, 'model_trials', 'share');
    const sent = pair.map(change);
    await untilWaiting(trials.pool, 2);
    await lock.unlock();

    const answers = await Promise.all(sent);
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, 409]);
    const [lost] = answers.filter(({ status }) => status === 409);
    expect(lost?.body).toMatchObject({ code: 'change_refused' });
  }

  await changeAtOnce([
    { to: 'shadow', candidate: '2' },
    { to: 'shadow', candidate: 'bad' },
  ]);
  // The one that was refused may have had the first number.
  const { trial } = await trials.look();
  const rollback = { to: 'rollback', trial: trial?.id };
  await changeAtOnce([rollback, rollback]);
});

failure(
  'A rollback is repeated',
  {
    symptom:
      'Each trial is rolled back once, and never to a version that was; else 409 `change_refused`',
    defence: 'statements',
    remains:
      'Each version that you may go back to must still be served',
  },
  async () => {
    await using trials = await startTestTrials();
    for (const candidate of ['gone', '2', 'bad'])
      await promote(trials.pool, candidate);
    const back = (trial: number) =>
      trials.change({ to: 'rollback', trial });
    const refused = { code: 'change_refused' };

    expect((await back(3)).body).toMatchObject({ live: '2' });
    expect((await back(3)).body).toMatchObject(refused);
    // The version before is served here no more: nothing changes.
    expect((await back(2)).body).toMatchObject({
      code: 'version_missing',
    });
    expect((await trials.look()).live).toBe('2');
    expect((await back(1)).body).toMatchObject({ live: '2' });

    await trials.change({ to: 'shadow', candidate: '1' });
    expect((await back(2)).body).toMatchObject(refused);
    await trials.change({ to: 'rollback' });
    expect((await back(2)).body).toMatchObject({ live: '1' });
    expect(
      (await trials.change({ to: 'shadow', candidate: '1' })).body,
    ).toMatchObject(refused);
  },
);

it('shows users nothing of a shadow that hangs, crashes or answers no numbers', async () => {
  for (const [fault, limitMs] of [
    ['noNumber', 60_000],
    ['crash', 60_000],
    ['wait', 100],
  ] as const) {
    await using faulty = await startFaulty('2');
    await using trials = await startTestTrials({
      versions: { 2: faulty.predict },
      limitMs,
    });
    await trials.change({ to: 'shadow', candidate: '2' });

    const sepalLength = FAULTS[fault];
    const row = { ...FLOWER.features, sepalLength };
    const { status, body } = await trials.predict('eve', row);

    const { version } = body;
    expect({ status, version }).toEqual({
      status: 201,
      version: '1',
    });
    await waitUntil('it has failed', async () => {
      await trials.settle();
      return (await trials.look()).shadow?.failed === 1;
    });
    expect(await trials.look()).toMatchObject({
      live: '1',
      trial: { candidate: '2', share: 0 },
      shadow: { users: 1, differing: 0 },
      users: [],
    });
    faulty.open();
  }
});

failure(
  'The candidate hangs, crashes or answers no numbers',
  {
    symptom:
      'Users get the answer of the live version; after a few of them, a canary is rolled back as `failing`, and a shadow shows `failed`',
    defence: 'predict',
    remains:
      'Users of a canary that hangs wait for half of its time limit; a native crash ends the process',
  },
  async () => {
    for (const fault of ['noNumber', 'crash', 'wait'] as const) {
      await using faulty = await startFaulty('2');
      let hours = 0;
      await using trials = await startTestTrials({
        versions: { 2: faulty.predict },
        limitMs: 100,
        now: () => 3_600_000 * hours++,
      });
      await trials.startCanary('2', 0.25);
      const sepalLength = FAULTS[fault];
      const features = { ...FLOWER.features, sepalLength };

      const answers = await sendUsers(trials, {
        to: 200,
        flower: { features, truth: FLOWER.truth },
        stop: async () => {
          await trials.settle(); // each hang counts: an hour passes
          return (await trials.look()).trial === null;
        },
      });

      expect(answers.length).toBeLessThan(80);
      expect(versionsOf(answers)).toEqual(['1']);
      const [trial] = await readTrials(trials.pool);
      expect(trial?.reason).toMatch(/^failing: /);
      const { users, failed } = await countTrial(trials.pool, 1);
      expect(failed).toEqual([
        {
          share: 0.25,
          total: users[0]?.canary,
          canary: users[0]?.canary,
        },
      ]);
      faulty.open();
    }
  },
);

it('lets a canary answer for half of its time, and the live version then', async () => {
  await using trials = await startTestTrials({
    versions: { 2: hang },
    limitMs: 1000,
  });
  await trials.startCanary('2', 0.5);
  await trials.settle();
  const [user = ''] = usersOf('canary', 1);
  using held = holdPauses();

  const asked = trials.predict(user, FLOWER.features);
  await waitUntil('it waits', () => held.pauses.length === 1);
  held.pauses[0]?.end();

  expect((await asked).body.version).toBe('1');
  expect(held.pauses[0]?.milliseconds).toBe(500);
});

it('lets a process end at once after a canary has answered', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  const [user = ''] = usersOf('canary', 1);
  const body = FLOWER.features;
  const { signal } = new AbortController();
  const before = countTimers();

  await trials.trials.predict({ user, body, signal });

  expect(countTimers()).toBeLessThanOrEqual(before);
});

it('gives a candidate half a second and looks once a second, unless told otherwise', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  await using one = await startFaulty('1');
  using held = holdPauses();
  using _random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const trials = await startModelTrials({
    pool: database.pool,
    model: 'irises',
    first: '1',
    findVersion: (version) => (version === '1' ? one.predict : hang),
    rules: { margin: 1.5 },
    log: createTestLog(),
  });
  await waitUntil('it has looked', () => held.pauses.length === 1);
  const by = { changedBy: 'ada', reason: 'a try' };
  for (const command of [
    { to: 'shadow', candidate: '2' },
    { to: 'canary', trial: 1, share: 0.5 },
  ] satisfies Command[])
    await trials.change({ command, ...by });

  const [user = ''] = usersOf('canary', 1);
  const body = FLOWER.features;
  const { signal } = new AbortController();
  const asked = trials.predict({ user, body, signal });
  held.pauses[1]?.end();
  const { version } = await asked;
  await trials.stop();

  expect(version).toBe('1');
  const waited = held.pauses.map(({ milliseconds }) => milliseconds);
  expect(waited).toEqual([1000, 250]);
});

it('keeps the trials of two models apart', async () => {
  await using trials = await startTestTrials();
  const roses = await trials.startServer({ model: 'roses' });
  const begun = { status: 201 };

  expect(await trials.startCanary('2', 0.5)).toMatchObject(begun);
  expect(await roses.startCanary('2', 0.5)).toMatchObject(begun);
  const ofOther = { to: 'rollback', trial: 1 };
  expect((await roses.change(ofOther)).status).toBe(409);
  expect(await trials.change(ofOther)).toMatchObject(begun);
  expect((await roses.look()).trial).toMatchObject({ candidate: '2' });
});

it('changes a trial only as long as it is in the stage before', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const of = (model: string) => {
    const { change } = createChangeTrials({
      pool: database.pool,
      model,
      first: '1',
      isServed: () => true,
    });
    return async (command: Command) => {
      const by = { changedBy: 'ada', reason: 'a try' };
      return await change({ command, ...by }).then(
        ({ live, trial }) => ({ live, share: trial?.share }),
        ({ code }) => code,
      );
    };
  };
  const [irises, roses] = [of('irises'), of('roses')];
  const canary = { to: 'canary', trial: 1, share: 0.2 } as const;
  const live = { to: 'live', trial: 1 } as const;
  await irises({ to: 'shadow', candidate: '2' });

  expect(await irises(live)).toBe('change_refused'); // from the shadow
  expect(await roses(canary)).toBe('change_refused');
  expect(await irises(canary)).toEqual({ live: '1', share: 0.2 });
  expect(await irises(canary)).toBe('change_refused'); // no larger share
  expect(await roses(live)).toBe('change_refused');
  expect(await irises(live)).toEqual({ live: '2', share: undefined });
  expect(await irises(live)).toBe('change_refused');
  const larger = { ...canary, share: 0.3 };
  expect(await irises(larger)).toBe('change_refused');
  const rollback = { to: 'rollback', trial: 1 } as const;
  expect(await roses(rollback)).toBe('change_refused');
  // What is live of one model says nothing of another.
  const begun = { live: '1', share: 0 };
  const shadow = { to: 'shadow', candidate: '3' } as const;
  expect(await roses(shadow)).toEqual(begun);

  // While the next trial runs, nothing changes by the one before.
  const next = { ...begun, live: '2' };
  expect(await irises(shadow)).toEqual(next);
  expect(await irises(rollback)).toBe('change_refused');
  expect(await irises(larger)).toBe('change_refused');
  expect(await irises({ ...larger, trial: 3 })).toEqual({
    ...next,
    share: 0.3,
  });
  expect(await irises(live)).toBe('change_refused');
});

it('keeps who changed a trial last, why and when', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const { change } = createChangeTrials({
    pool,
    model: 'irises',
    first: '1',
    isServed: () => true,
  });
  const times = new Set<string>();

  for (const command of [
    { to: 'shadow', candidate: '2' },
    { to: 'canary', trial: 1, share: 0.2 },
    { to: 'live', trial: 1 },
    { to: 'rollback', trial: 1 },
  ] satisfies Command[]) {
    const by = { changedBy: `${command.to}-er`, reason: command.to };
    await change({ command, ...by });

    const { rows } = await pool.query(
      'select changed_by, reason, changed_at::text as at from model_trials',
    );
    const { at, ...last } = rows[0];
    expect(last).toEqual({
      changed_by: by.changedBy,
      reason: by.reason,
    });
    times.add(at);
  }

  expect(times.size).toBe(4);
});

it('waits five seconds for the database, and a minute for a count', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const { read } = createChangeTrials({
    pool,
    model: 'irises',
    first: '1',
    isServed: () => true,
  });
  const { users } = await startTrialLog(pool);
  const busy = await Promise.all(
    Array.from({ length: pool.options.max }, () => pool.connect()),
  );
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

  const failed: string[] = [];
  const failuresBy: string[][] = [];
  for (const [ask, limitMs] of [
    [read, 5000],
    [() => users.tellTruth(crypto.randomUUID(), 'a rose'), 5000],
    [() => countTrial(pool, 1), 60_000],
  ] as const) {
    ask().catch(({ code }) => failed.push(code));
    for (const passMs of [limitMs - 1, 1]) {
      await vi.advanceTimersByTimeAsync(passMs);
      failuresBy.push(failed.splice(0));
    }
  }
  vi.useRealTimers();
  for (const client of busy) client.release();

  const late = [[], ['timed_out']];
  expect(failuresBy).toEqual([...late, ...late, ...late]);
});

it('keeps no trial, and no user, that cannot be', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const trial = (share: number, state: string) =>
    `insert into model_trials
       (model, candidate, share, state, changed_by, reason)
     values ('irises', '2', ${share}, '${state}', 'ada', 'a try')`;
  const user = (trial: number, arm: string) =>
    `insert into trial_users
       (trial, user_key, failed, arm, share, prediction_id)
     values (${trial}, 'eve', false, '${arm}', 0.5,
             gen_random_uuid())`;
  await database.pool.query(trial(0.5, 'promoted'));

  for (const [wrong, constraint] of [
    [trial(-0.1, 'ended'), 'model_trials_share_check'],
    [trial(0.51, 'ended'), 'model_trials_share_check'],
    [trial(0, 'lost'), 'model_trials_state_check'],
    [trial(0.1, 'running'), 'one_canary_of_a_version'],
    [user(1, 'dead'), 'trial_users_arm_check'],
    [user(9, 'live'), 'trial_users_trial_fkey'],
  ] as const)
    await expect(
      database.pool.query(wrong),
      wrong,
    ).rejects.toMatchObject({ constraint });
});

it('keeps no row without a value that a count or an operator needs', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const now = new Date();
  const id = crypto.randomUUID();
  const tables = {
    model_trials: {
      model: 'irises',
      candidate: '2',
      share: 0.5,
      state: 'running',
      changed_by: 'ada',
      reason: 'a try',
      started_at: now,
      changed_at: now,
    },
    trial_users: {
      trial: 1,
      user_key: 'eve',
      failed: false,
      arm: 'live',
      share: 0.5,
      prediction_id: id,
      met_at: now,
    },
    trial_outcomes: {
      prediction_id: id,
      truth: 'a rose',
      told_at: now,
    },
  };

  for (const [table, row] of Object.entries(tables)) {
    const columns = Object.keys(row);
    const insert = (values: object) =>
      database.pool.query(
        `insert into ${table} (${columns})
         select ${columns}
         from jsonb_populate_record(null::${table}, $1)`,
        [JSON.stringify(values)],
      );
    await insert(row);
    for (const column of columns)
      await expect(
        insert({ ...row, [column]: null }),
        `${table}.${column}`,
      ).rejects.toMatchObject({ code: '23502', column });
  }
});

it('finds what is old by an index', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const client = await database.pool.connect();
  await client.query('set enable_seqscan = off');
  const explain = (condition: string) =>
    client.query(`explain select from ${condition} < now()`);

  const users = await explain('trial_users where met_at');
  const outcomes = await explain('trial_outcomes where told_at');
  client.release(true);

  expect(JSON.stringify(users.rows)).toContain('trial_users_by_age');
  expect(JSON.stringify(outcomes.rows)).toContain(
    'trial_outcomes_by_age',
  );
});

it('counts an input that both versions refuse for no version', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);

  for (const petalWidth of [1e39, -1, null])
    for (const user of ['ada', 'ben', 'eve', 'kim'])
      expect(
        await trials.predict(user, {
          ...FLOWER.features,
          petalWidth,
        }),
      ).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });

  await trials.settle();
  expect(await trials.look()).toMatchObject({ users: [] });
  // Nor does anybody wait for those users.
  await trials.predict('zoe', FLOWER.features);
  await trials.settle();
  expect(await trials.look()).toMatchObject({ users: [{ total: 1 }] });
});

it('counts each input that only the canary refuses, or has no answer for', async () => {
  const notInItsCard = Object.assign(new Error(), { name: 'ZodError' });
  const noAnswer = new ModelProblem(422, 'no_answer', 'none');
  for (const error of [notInItsCard, noAnswer]) {
    await using trials = await startTestTrials({
      versions: { 2: () => Promise.reject(error) },
    });
    await trials.startCanary('2', 0.5);

    for (const user of usersOf('canary', 3))
      expect(
        (await trials.predict(user, FLOWER.features)).body.version,
      ).toBe('1');

    await trials.settle();
    const three = [{ share: 0.5, total: 3, canary: 3 }];
    // A user without an answer is not one whose truth is missing.
    const { failed, told } = await trials.look();
    expect({ failed, told }).toEqual({ failed: three, told: three });
  }
});

failure(
  'A truth arrives twice, differently, or on another server before the prediction is written',
  {
    symptom: '204 each time and counted once; 409 `truth_differs`',
    defence: 'tell-the-truth',
    remains: 'A wrong first truth is not corrected',
  },
  async () => {
    await using trials = await startTestTrials();
    const other = await trials.startServer();
    await trials.startCanary('2', 0.5);
    const { body } = await trials.predict('eve', FLOWER.features);
    const wrong = 'a rose';

    const told = await Promise.all(
      Array.from({ length: 10 }, () => other.tell(body.id, wrong)),
    );
    await trials.settle();

    expect(new Set(told.map(({ status }) => status))).toEqual(
      new Set([204]),
    );
    expect(await trials.tell(body.id, FLOWER.truth)).toMatchObject({
      status: 409,
      body: { code: 'truth_differs' },
    });
    expect(await other.look()).toMatchObject({
      told: [{ total: 1 }],
      wrong: [{ total: 1 }],
    });
  },
);

failure(
  'A server restarts, or the share grows, in the middle of a canary',
  {
    symptom: 'Nothing: a user who met the canary meets it again',
    defence: 'choose-arm',
    remains:
      'When the share grows, some users of the live version get the canary; they count for the live version',
  },
  async () => {
    await using trials = await startTestTrials();
    await trials.change({ to: 'shadow', candidate: '2' });
    let before = new Set<string>();

    for (const share of [0.1, 0.25, 0.5]) {
      await trials.change({ to: 'canary', share });
      const met = await meetCanary(trials);
      expect(await meetCanary(await trials.startServer())).toEqual(met);
      expect(met.size).toBeGreaterThan(before.size);
      expect([...before].filter((user) => !met.has(user))).toEqual([]);
      before = met;
    }

    const naive = createNaiveExperiment({
      share: 0.5,
      random: Math.random,
    });
    const arms = Array.from({ length: 100 }, () => naive.choose());
    expect(new Set(arms).size).toBe(2); // of one and the same user
  },
);

it('keeps the arm of each user when a new release is deployed', () => {
  // Another hash would change the arms of all trials that run.
  expect(keyOf('irises 1 canary', 'eve')).toBe(
    '843ab4cd6a94804639d985980a6b3375ac2700100cf14f37e1e0f5cea78bf0e7',
  );
});

it('counts a truth that arrives after the rollback in its own trial', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('bad', 0.5);
  const old = await sendUsers(trials, { to: 60, silent });
  await trials.settle();
  await trials.change({ to: 'rollback' });
  await trials.startCanary('2', 0.5);
  await sendUsers(trials, { to: 60, silent });

  for (const { id, version } of old)
    await trials.tell(id, version === 'bad' ? 'a rose' : FLOWER.truth);
  await trials.settle();

  expect(await trials.look()).toMatchObject({
    trial: { candidate: '2' },
    users: [{ total: 60 }],
    told: [{ total: 0 }],
  });
  const { told } = await countTrial(trials.pool, 1);
  expect(told).toMatchObject([{ total: 60 }]);
});

failure(
  'The canary loses users, or their truths, on the way',
  {
    symptom:
      'It is rolled back as `skewed`: the remaining users are not a fair sample',
    defence: 'judge-trial',
    remains:
      'You must find the cause; if both arms lose alike, it is not seen',
  },
  async () => {
    await using trials = await startTestTrials();
    const isCanary = ({ version }: Body) => version === '2';
    const skewed = { reason: expect.stringMatching('^skewed: ') };
    const readLast = async () => (await readTrials(trials.pool)).at(-1);
    await trials.startCanary('2', 0.5);
    await sendUsers(trials, { to: 100, silent: isCanary });
    await trials.settle();
    expect(await readLast()).toMatchObject(skewed);

    await loseCanaries(trials.pool);
    await trials.startCanary('bad', 0.5);
    await sendUsers(trials, { to: 150, silent });
    await trials.settle();
    expect(await readLast()).toMatchObject(skewed);
  },
);

it('answers while the database does not, and loses users of both arms alike', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  const [user = ''] = usersOf('canary', 1);
  await trials.pool.query(
    `alter table trial_users rename to users_gone;
       alter table model_trials rename to trials_gone`,
  );

  const { status, body } = await trials.predict(user, FLOWER.features);
  await trials.settle();

  expect({ status, version: body.version }).toEqual({
    status: 201,
    version: '2',
  });
  expect(trials.logged('trial not followed')).toHaveLength(1);
  await trials.pool.query(
    `alter table users_gone rename to trial_users;
       alter table trials_gone rename to model_trials`,
  );
  await trials.predict(user, FLOWER.features);
  await trials.settle();
  expect(await trials.look()).toMatchObject({
    users: [{ total: 1 }],
  });
  // Reported once, with the cause: that the table was missing.
  expect(trials.logged('users of a trial are lost')).toMatchObject([
    { details: { lost: 1, error: { code: '42P01' } } },
  ]);
});

it('deletes users and outcomes that are old, in batches', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  await sendUsers(trials, { to: 20 });
  await trials.settle();
  await trials.pool.query(
    `update trial_users set met_at = now() - interval '91 days';
       update trial_outcomes set told_at = now() - interval '91 days';
       update model_trials set started_at = now() - interval '91 days'`,
  );
  const { body } = await trials.predict('new', FLOWER.features);
  await trials.tell(body.id, FLOWER.truth);
  await trials.settle();
  await addOldOutcomes(trials.pool, 2000);

  // What a trial has counted stays until it has ended.
  expect(await trials.trials.deleteOld(90)).toBe(0);
  await trials.change({ to: 'rollback' });
  expect(await trials.trials.deleteOld(92)).toBe(0);
  const largest = await watchDeletes(trials.pool);
  expect(await trials.trials.deleteOld(90)).toBe(2040);
  expect(await largest()).toBe(1000); // in one statement

  const { users, told } = await countTrial(trials.pool, 1);
  expect([users, told]).toMatchObject([[{ total: 1 }], [{ total: 1 }]]);
});

it('counts clients that leave for users of whom no truth is known, in both arms', async () => {
  const leave: AskVersion = (_body, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  await using trials = await startTestTrials({
    versions: { 1: leave },
  });
  await trials.startCanary('2', 0.5);
  for (const user of [...usersOf('live', 3), ...usersOf('canary', 2)]) {
    const gone = new AbortController();
    const body = FLOWER.features;
    const { signal } = gone;
    const asked = trials.trials.predict({ user, body, signal });
    gone.abort();
    await asked.catch(() => 'gone');
  }

  await trials.settle();
  expect(await trials.look()).toMatchObject({
    users: [{ total: 5, canary: 2 }],
    told: [{ total: 0 }],
    failed: [{ total: 0 }],
  });
});

it('writes what is left when it stops', async () => {
  await using trials = await startTestTrials();
  const other = await trials.startServer();
  await trials.startCanary('2', 0.5);
  await other.settle();
  await other.predict('eve', FLOWER.features);
  const lock = await lockTable(trials.pool, 'trial_users', 'share');
  let hasStopped = false;

  const stopped = other.trials.stop().then(() => {
    hasStopped = true;
  });
  await untilWaiting(trials.pool, 1);
  const stoppedEarly = hasStopped;
  await lock.unlock();
  await stopped;

  expect(stoppedEarly).toBe(false);
  expect(await trials.look()).toMatchObject({ users: [{ total: 1 }] });
});

it('stops although its trial is still being counted', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  const other = await trials.startServer({ followMs: 1 });
  const lock = await lockTable(
    trials.pool,
    'trial_outcomes',
    'access exclusive',
  );
  await untilWaiting(trials.pool, 1);

  await other.trials.stop();

  // Not for the time limit of the count, nor of its lock.
  expect(other.logged('trial not followed')).toMatchObject([
    { details: { error: { name: 'AbortError' } } },
  ]);
  await lock.unlock();
});

it.each([
  { limitMs: 2400, calmMs: 5000 },
  { limitMs: 60_000, calmMs: 120_000 },
])(
  'counts nobody, in either arm, while a version turns users away, and for $calmMs ms with a limit of $limitMs',
  async ({ limitMs, calmMs }) => {
    await using faulty = await startFaulty('1');
    let isFull = false;
    let time = 0;
    await using trials = await startTestTrials({
      versions: {
        1: async (...asked) => {
          if (isFull)
            throw new ModelProblem(503, 'overloaded', 'later');
          return faulty.predict(...asked);
        },
      },
      now: () => time,
      limitMs,
    });
    await trials.startCanary('2', 0.5);
    const users = usersOf('live', 3).concat(usersOf('canary', 3));
    const ask = async () => {
      for (const user of users)
        await trials.predict(user, FLOWER.features);
      await trials.settle();
      return (await trials.look()).users;
    };

    isFull = true;
    expect(await ask()).toEqual([]);
    isFull = false;
    time += calmMs - 1;
    expect(await ask()).toEqual([]);
    time += 1;
    expect(await ask()).toEqual([{ share: 0.5, total: 6, canary: 3 }]);
  },
);

it('keeps so many users in memory, and reports how many more it lost', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { users, log, countWritten } = await startTrialLog(
    database.pool,
  );

  for (let place = 1; place <= 20_003; place++)
    users.add(userAt(place));
  await waitUntil('what is kept is written', async () => {
    await users.flush();
    return (await countWritten()) === 20_000;
  });
  expect(log.entries).toContainEqual(
    expect.objectContaining({ details: { lost: 3 } }),
  );
});

it('writes a user once all who came before have their answers', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const { users, pauses, countWritten } = await startTrialLog(pool);
  const [first, second] = [pauses.arrive(), pauses.arrive()];

  users.add(userAt(first));
  users.add(userAt(second));
  pauses.leave(second);
  await users.flush();
  expect(await countWritten()).toBe(0);
  pauses.leave(first);
  await users.flush();
  expect(await countWritten()).toBe(2);

  // Both are written: Postgres is asked no more.
  let asked = 0;
  pool.on('acquire', () => asked++);
  await users.flush();
  expect(asked).toBe(0);
});

it('gives no id, and writes nothing, while no trial runs', async () => {
  await using trials = await startTestTrials();

  const { status, body } = await trials.predict('eve', FLOWER.features);
  await trials.settle();

  expect({ status, body }).toEqual({
    status: 201,
    body: {
      version: '1',
      label: FLOWER.truth,
      probabilities: expect.any(Object),
    },
  });
  const { rowCount } = await trials.pool.query('table trial_users');
  expect(rowCount).toBe(0);
});

it('asks a shadow beside the live version, and tells no user', async () => {
  await using trials = await startTestTrials();
  await trials.change({ to: 'shadow', candidate: 'bad' });

  const answers = await sendUsers(trials, { to: 40 });

  for (const { version } of answers) expect(version).toBe('1');
  await waitUntil('the shadow has answered', async () => {
    await trials.settle();
    return (await trials.look()).shadow?.users === 40;
  });
  const look = await trials.look();
  expect(look).toMatchObject({
    shadow: { failed: 0, told: 40 },
    users: [],
    verdict: 'open',
  });
  expect(look.shadow?.differing).toBeGreaterThan(0);
  expect(look.shadow?.wrong).toBeGreaterThan(0);

  // Those who came then come anew once it is a canary.
  await trials.change({ to: 'canary', share: 0.5 });
  await sendUsers(trials, { to: 10, silent });
  await trials.settle();
  expect((await trials.look()).users).toMatchObject([{ total: 10 }]);
});

it('counts a user once, with the arm and the share at which they came', async () => {
  await using trials = await startTestTrials();
  await trials.change({ to: 'shadow', candidate: '2' });
  const expected: Tally[] = [];
  for (const share of [0.1, 0.2, 0.3, 0.4, 0.5]) {
    await trials.change({ to: 'canary', share });
    const from = 10 * expected.length;
    const to = from + 10;
    const answers = await sendUsers(trials, { from, to, silent });
    const inCanary = answers.filter(({ version }) => version === '2');
    expected.push({ share, total: 10, canary: inCanary.length });
  }
  await sendUsers(trials, { to: 50, silent }); // all come again
  await trials.settle();

  const look = await trials.look();
  expect(look.users).toEqual(expected);
  expect(look).not.toHaveProperty('shadow');
});

it('blames no shadow for a failure of the live version', async () => {
  const noAnswer = new ModelProblem(422, 'no_answer', 'none');
  await using trials = await startTestTrials({
    versions: { 1: () => Promise.reject(noAnswer) },
  });
  await trials.change({ to: 'shadow', candidate: '2' });

  const { status } = await trials.predict('eve', FLOWER.features);
  await trials.settle();

  expect(status).toBe(422);
  const look = await trials.look();
  expect(look.failed).toEqual([{ share: 0, total: 1, canary: 0 }]);
  expect(look).not.toHaveProperty('shadow');
});

it('refuses a candidate that this server does not serve, and one that was a canary', async () => {
  await using trials = await startTestTrials();
  const missing = { to: 'shadow', candidate: '9' };
  expect(await trials.change(missing)).toMatchObject(
    refused(409, 'version_missing'),
  );

  // A shadow spends nothing: the version may come again.
  await trials.change({ to: 'shadow', candidate: '2' });
  await trials.change({ to: 'rollback' });
  expect(await trials.startCanary('2', 0.1)).toMatchObject({
    status: 201,
  });
  expect(
    await trials.change({ to: 'canary', share: 0.2 }),
  ).toMatchObject({ status: 201 });
  await trials.change({ to: 'rollback' });

  expect(await trials.startCanary('2', 0.1)).toMatchObject(
    refused(409, 'change_refused'),
  );
});

it('answers by the live version where the candidate is not served, and counts no user there', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  await using one = await startFaulty('1');
  const other = await trials.startServer({
    findVersion: (version) =>
      version === '1' ? one.predict : undefined,
  });
  const empty = await trials.startServer({
    findVersion: () => undefined,
  });

  const answers = await sendUsers(other, {
    to: 20,
    flower: FLOWER,
    silent: () => true,
  });
  await other.settle();

  for (const body of answers)
    expect(body).toMatchObject({
      version: '1',
      label: expect.any(String),
    });
  expect((await trials.look()).users).toEqual([]);
  expect(await empty.predict('eve', FLOWER.features)).toMatchObject(
    refused(503, 'version_missing'),
  );
});

it('follows and judges by itself', async () => {
  await using trials = await startTestTrials();
  const other = await trials.startServer({ followMs: 20 });
  await trials.startCanary('bad', 0.5);
  await waitUntil('the other server has it', async () => {
    const { body } = await other.predict('eve', FLOWER.features);
    return body.id !== undefined;
  });

  await sendUsers(other, {
    to: 400,
    stop: async () => (await trials.look()).trial === null,
  });

  await waitUntil('it is rolled back', async () => {
    return (await trials.look()).trial === null;
  });
});

it('looks at a trial at moments of its own', async () => {
  using held = holdPauses();
  using random = vi.spyOn(Math, 'random').mockReturnValue(0);
  await using _trials = await startTestTrials({ followMs: 10 });

  await waitUntil('it has looked', () => held.pauses.length === 1);
  random.mockReturnValue(1);
  held.pauses[0]?.end();
  await waitUntil('it looks again', () => held.pauses.length === 2);

  expect(held.pauses[0]?.milliseconds).toBeCloseTo(8);
  expect(held.pauses[1]?.milliseconds).toBeCloseTo(12);
});

it('counts for a twentieth of the time at most', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  await trials.settle();
  using held = holdPauses();
  using _random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const lock = await lockTable(trials.pool, 'trial_outcomes');

  const started = performance.now();
  await trials.startServer({ followMs: 10 });
  await untilWaiting(trials.pool, 1);
  const waiting = performance.now();
  await pause(100);
  const early = held.pauses.length;
  const leastMs = performance.now() - waiting;
  await lock.unlock();
  await waitUntil('it pauses', () => held.pauses.length === 1);
  const mostMs = performance.now() - started;

  expect(early).toBe(0); // it counts first
  const paused = Number(held.pauses[0]?.milliseconds);
  expect(paused).toBeGreaterThanOrEqual(20 * leastMs);
  expect(paused).toBeLessThanOrEqual(20 * mostMs);
});

it('reports nothing when another server ends the trial first', async () => {
  await using trials = await startTestTrials();
  await trials.startCanary('2', 0.5);
  const other = await trials.startServer();
  await other.settle();
  await trials.pool.query(
    `insert into trial_users
       (trial, user_key, failed, arm, share, prediction_id)
     select 1, n, true, 'canary', 0.5, gen_random_uuid()
     from generate_series(1, 20) n`,
  );
  const lock = await lockTable(trials.pool, 'model_trials', 'share');

  const judged = [trials.settle(), other.settle()];
  await untilWaiting(trials.pool, 2);
  await lock.unlock();
  await Promise.all(judged);

  const countLogged = (message: string) =>
    trials.logged(message).length + other.logged(message).length;
  expect(countLogged('rolled back')).toBe(1);
  expect(countLogged('trial not followed')).toBe(0);
});

const RULES = trialRules.parse({ margin: 1.5 });
const NOTHING: TrialCount = {
  users: [],
  told: [],
  wrong: [],
  failed: [],
};

/** Events of the canary alone, at a share of a half. */
const all = (count: number) => [
  { share: 0.5, total: count, canary: count },
];

/** Events that the arms share. */
const half = (total: number) => [
  { share: 0.5, total, canary: total / 2 },
];

describe('what a proof means', () => {
  // Percent of trials that end as proven; the page shows this table.
  it.each([
    { margin: 1.5, ratio: 1, tenth: 99.7, half: 99.6 },
    { margin: 1.5, ratio: 1.1, tenth: 95.5, half: 94.6 },
    { margin: 1.5, ratio: 1.25, tenth: 42.6, half: 38.6 },
    { margin: 1.5, ratio: 1.5, tenth: 1, half: 0.9 },
    { margin: 2, ratio: 1, tenth: 99.7, half: 99.7 },
    { margin: 2, ratio: 1.1, tenth: 98.7, half: 98.3 },
    { margin: 2, ratio: 1.25, tenth: 88.9, half: 85.3 },
    { margin: 2, ratio: 1.5, tenth: 36.3, half: 29.9 },
    { margin: 2, ratio: 2, tenth: 1, half: 0.8 },
  ])(
    'with a margin of $margin, $half % of canaries with $ratio× the errors end as proven',
    ({ margin, ratio, tenth, half }) => {
      const prove = (share: number) => {
        const end = (total: number, canary: number) => {
          const wrong = { share, total, canary };
          const verdict = judgeErrors(wrong, { margin });
          return verdict === 'open' ? undefined : verdict;
        };
        const chances = chancesOf({ share, ratio, errors: 4000, end });
        return 100 * (chances.get('proven') ?? 0);
      };

      expect(prove(0.1)).toBeCloseTo(tenth, 0);
      expect(prove(0.5)).toBeCloseTo(half, 0);
    },
  );

  it.each([
    { margin: 2, errors: 80 },
    { margin: 1.5, errors: 226 },
    { margin: 1.25, errors: 742 },
  ])(
    'takes $errors errors with a margin of $margin when both arms err alike',
    ({ margin, errors }) => {
      const prove = (total: number) =>
        judgeErrors(
          { share: 0.5, total, canary: total / 2 },
          { margin },
        );

      expect(prove(errors - 2)).toBe('open');
      expect(prove(errors)).toBe('proven');
    },
  );
});

describe('a verdict', () => {
  it('spends half of alpha on wrong answers', () => {
    const judge = (count: number) =>
      judgeTrial({ ...NOTHING, wrong: all(count) }, RULES);

    expect(judge(10)).toBe('open');
    expect(judge(11)).toBe('worse');
  });

  it('spends a quarter of alpha on users without an answer', () => {
    const judge = (count: number) =>
      judgeTrial({ ...NOTHING, failed: all(count) }, RULES);

    expect(judge(11)).toBe('open');
    expect(judge(12)).toBe('failing');
  });

  it('spends an eighth of alpha each on who came, and of whom the truth is known', () => {
    for (const key of ['users', 'told'] as const) {
      const judge = (count: number) =>
        judgeTrial({ ...NOTHING, [key]: all(count) }, RULES);

      expect(judge(30)).toBe('open');
      expect(judge(31)).toBe('skewed');
    }
  });

  it('is proven with truths enough, and not with one fewer', () => {
    const wrong = [{ share: 0.5, total: 400, canary: 200 }];
    const judge = (total: number) =>
      judgeTrial({ ...NOTHING, wrong, told: half(total) }, RULES);

    expect(judge(198)).toBe('open');
    expect(judge(200)).toBe('proven');
  });

  it('takes failures of the canary for errors, and none of the live version in its favour', () => {
    const told = half(200);
    const judge = (more: Partial<TrialCount>) =>
      judgeTrial({ ...NOTHING, told, ...more }, RULES);
    const wrong = [{ share: 0.5, total: 230, canary: 113 }];
    const ofLive = [{ share: 0.5, total: 500, canary: 0 }];

    expect(judge({ wrong })).toBe('proven');
    expect(judge({ failed: ofLive })).toBe('open');
    expect(judge({ wrong, failed: all(4) })).toBe('proven');
    expect(judge({ wrong, failed: all(5) })).toBe('open');
  });

  it('is reached by a bet that is worth exactly enough', () => {
    // Each error of the live version alone doubles this bet.
    const rules = trialRules.parse({ margin: 3, alpha: 1 / 16 });
    const judge = (total: number) =>
      judgeTrial(
        {
          ...NOTHING,
          told: half(200),
          wrong: [{ share: 0.5, total, canary: 0 }],
        },
        rules,
      );

    expect(judge(3)).toBe('open');
    expect(judge(4)).toBe('proven');
  });

  it('refuses rules that would prove anything, or nothing', () => {
    for (const wrong of [
      { margin: 1 },
      { margin: Number.NaN },
      { margin: 2, alpha: 0 },
      { margin: 2, alpha: 0.21 },
      { margin: 2, leastTold: 0 },
    ])
      expect(() => trialRules.parse(wrong)).toThrow(
        Object.keys(wrong).at(-1),
      );
    for (const right of [
      { margin: 1.01, alpha: 0.2 },
      { margin: 2, leastTold: 1 },
    ])
      expect(() => trialRules.parse(right)).not.toThrow();
  });
});

function startPauses() {
  let time = 0;
  const pauses = createTrialPauses(1000, () => time);
  const wait = (milliseconds: number) => {
    time += milliseconds;
  };
  return { ...pauses, wait };
}

it('counts nobody from the first user that something happened to until it is calm', () => {
  const { arrive, disturb, isCounted, wait } = startPauses();
  const before = arrive();
  const [first, between, second] = [arrive(), arrive(), arrive()];

  disturb(second);
  wait(999);
  disturb(first); // found later, and it came earlier
  const after = arrive();
  wait(999);
  const still = arrive();
  wait(1);
  const calm = arrive();

  const all = [before, first, between, second, after, still, calm];
  expect(all.map(isCounted)).toEqual([
    true,
    ...Array(5).fill(false),
    true,
  ]);
});

it('forgets the pause before when the next begins, and counts between them', () => {
  const { arrive, disturb, isCounted, wait } = startPauses();
  disturb(arrive());
  wait(1000);
  const between = arrive();
  disturb(arrive());

  expect(isCounted(between)).toBe(true);
  expect(isCounted(arrive())).toBe(false);
  expect(isCounted(0)).toBe(true); // a failure counts in a pause
});

it('takes what fails within a time for one failure', () => {
  const { arrive, fail, isCounted, wait } = startPauses();
  const failures: boolean[] = [];
  for (const pause of [0, 999, 1, 999, 1]) {
    wait(pause);
    failures.push(fail(arrive()));
  }

  expect(failures).toEqual([true, false, true, false, true]);
  expect(isCounted(arrive())).toBe(false);
});

it('waits for the oldest user who has no answer, but not for ever', () => {
  const { arrive, leave, findHorizon, wait } = startPauses();
  expect(findHorizon()).toBe(Number.POSITIVE_INFINITY);
  const [first, second] = [arrive(), arrive()];
  wait(500);
  const third = arrive();

  expect(findHorizon()).toBe(first);
  leave(first);
  expect(findHorizon()).toBe(second);
  wait(499);
  expect(findHorizon()).toBe(second);
  wait(1);
  expect(findHorizon()).toBe(third);
});

/** A version that never answers. */
const hang: AskVersion = () => new Promise(() => {});

/** Those that keep the process from its end. */
const countTimers = () =>
  process.getActiveResourcesInfo().filter((one) => one === 'Timeout')
    .length;

/** What one server remembers of the first trial of a database. */
async function startTrialLog(pool: Pool) {
  await pool.query(
    `insert into model_trials
       (model, candidate, share, changed_by, reason)
     values ('irises', '2', 0.5, 'ada', 'a try')`,
  );
  const log = createTestLog();
  const pauses = createTrialPauses(1000, () => 0);
  const users = createTrialLog({ pool, pauses, log });
  const countWritten = async () =>
    (await countTrial(pool, 1)).users[0]?.total ?? 0;
  return { users, pauses, log, countWritten };
}

/** A user of the live version. */
const userAt = (place: number): Exposure => ({
  id: crypto.randomUUID(),
  trial: 1,
  key: `${place}`,
  arm: 'live',
  share: 0.5,
  place,
  label: 'setosa',
  failed: false,
});

/** Of no prediction, and as old. */
async function addOldOutcomes(pool: Pool, count: number) {
  await pool.query(
    `insert into trial_outcomes
     select gen_random_uuid(), 'a rose', now() - interval '91 days'
     from generate_series(1, $1)`,
    [count],
  );
}

/** Tells how many outcomes the largest of the deletes from now on took. */
async function watchDeletes(pool: Pool) {
  await pool.query(
    `create table deletes (rows int);
     create function note() returns trigger language plpgsql as $$
     begin
       insert into deletes select count(*) from gone;
       return null;
     end $$;
     create trigger note after delete on trial_outcomes
       referencing old table as gone
       for each statement execute function note()`,
  );
  return async () => {
    const { rows } = await pool.query('select max(rows) from deletes');
    return rows[0].max;
  };
}

async function readTrials(pool: Pool) {
  const { rows } = await pool.query<Record<string, string>>(
    'select * from model_trials order by id',
  );
  return rows;
}

/** The first users that the first canary of a database has in this arm, at a half. */
function usersOf(arm: 'live' | 'canary', count: number): string[] {
  const users = Array.from(
    { length: 10 * count },
    (_, n) => `user-${n}`,
  );
  const trial = 'irises 1 canary';
  return users
    .filter(
      (user) =>
        isInCanary(keyOf(trial, user), 0.5) === (arm === 'canary'),
    )
    .slice(0, count);
}

/** A version that was proven, and is live now. */
async function promote(pool: Pool, candidate: string) {
  await pool.query(
    `insert into model_trials
       (model, candidate, share, state, changed_by, reason)
     values ('irises', $1, 0.5, 'promoted', 'ada', 'it was proven')`,
    [candidate],
  );
}

async function meetCanary(client: TrialClient): Promise<Set<string>> {
  const answers = await sendUsers(client, { to: 60, silent });
  return new Set(
    answers.flatMap(({ version }, user) =>
      version === '2' ? [`user-${user}`] : [],
    ),
  );
}

/** A bug as in real life: most users of one arm are not written. */
async function loseCanaries(pool: Pool) {
  await pool.query(
    `create function lose() returns trigger language plpgsql as $$
     begin
       if new.arm = 'canary' and hashtext(new.user_key) % 4 <> 0 then
         return null;
       end if;
       return new;
     end $$;
     create trigger lose before insert on trial_users
       for each row execute function lose()`,
  );
}

const versionsOf = (answers: Body[]) => [
  ...new Set(answers.map(({ version }) => `${version}`)),
];

const refused = (status: number, code: string) => ({
  status,
  body: { code },
});
