import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import { PredictionError } from '../model-serving/prediction-error.ts';
import { createTestFolder } from '../model-serving/test-folder.ts';
import { writeHangingModel } from '../model-serving/test-hanging-model.ts';
import { trainInto } from '../model-serving/train-model.ts';
import type { AskVersion } from './ask-versions.ts';
import { countTrial } from './count-trial.ts';
import { createNaiveExperiment } from './naive.ts';
import {
  type Body,
  createTrialClient,
  OPERATOR_TOKEN,
  sendUsers,
  type TrialClient,
} from './test-client.ts';
import {
  decideByJudge,
  decideByPValue,
  rollBackAfter,
} from './test-evidence.ts';
import { SCHEMA, startTestTrials } from './test-trials.ts';
import { FLOWER } from './test-versions.ts';

const silent = () => true;

failure(
  'The new version is worse',
  {
    symptom:
      'Within a second of the error that proves it, it is rolled back on all servers; the log has `rolled back`, and whom it met',
    defence: 'follow',
    remains:
      'Those users met it, and one that is a little worse meets thousands',
  },
  async () => {
    await using trials = await startTestTrials();
    const other = await trials.startServer();
    await trials.startCanary('bad', 0.25);

    const answers = await sendUsers(trials, {
      to: 600,
      stop: async () => {
        await trials.settle();
        return (await trials.look()).stage.trial === null;
      },
    });

    const met = answers.filter(({ version }) => version === 'bad');
    expect(met.length).toBeGreaterThan(0);
    expect(met.length).toBeLessThan(60);
    expect((await trials.look()).stage).toMatchObject({
      live: '1',
      changedBy: 'judge',
      reason: expect.stringMatching(
        `^worse: of ${met.length} users of the canary \\d+ got`,
      ),
    });
    expect(trials.logged('rolled back')).toHaveLength(1);
    await other.settle();
    for (const server of [trials, other])
      expect(versionsOf(await sendUsers(server, { to: 40, silent }))).toEqual(
        ['1'],
      );
  },
);

failure(
  'A team checks the result every day',
  {
    symptom:
      'Nothing: an equally good version is rolled back as rarely as `alpha` says, no matter how often it is judged',
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
    await using trials = await startTestTrials();
    await trials.startCanary('2', 0.5);
    const refused = { status: 409, body: { code: 'not_proven' } };
    expect(await trials.change({ to: 'live' })).toMatchObject(refused);

    await sendUsers(trials, { to: 600 });
    await trials.settle();

    expect(await trials.look()).toMatchObject({ verdict: 'proven' });
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
      '201 or 503 `overloaded` for each, and the process goes on; the log has `worker lost`',
    defence: 'predict',
    remains:
      'A native call that hangs has a core until the process ends, which takes SIGKILL, as in `main.ts`',
  },
  async () => {
    await using files = await createTestFolder();
    await using database = await freshDatabase({ schema: SCHEMA });
    const models = new URL('models/', files.folder);
    await trainInto(new URL('1/', models), '1');
    await writeHangingModel(new URL('2/', models), '2');
    await using program = await startProgram(
      new URL('main.ts', import.meta.url),
      {
        OPERATOR_TOKEN,
        DATABASE_URL: database.url,
        MODELS: models.pathname,
        DEADLINE: '2s',
        PORT: '0',
      },
    );
    const client = createTrialClient(program.url);
    await client.startCanary('2', 0.5);
    const hanging = { ...FLOWER.features, sepalLength: 7.5 };

    const answers = await Promise.all(
      Array.from({ length: 1500 }, (_, user) =>
        client.predict(
          `user-${user}`,
          user % 50 === 0 ? hanging : FLOWER.features,
        ),
      ),
    );

    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses, 201, 503, 504].toSorted()).toEqual(
      expect.arrayContaining([...statuses]),
    );
    expect([...statuses].filter((one) => ![201, 503, 504].includes(one)))
      .toEqual([]);
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
    expect((await client.look()).stage.trial).not.toBeNull();
    expect(await program.kill('SIGTERM')).toBeNull();
  },
);

failure(
  'One hang fails all users who wait at that moment',
  {
    symptom:
      'One failure counts, and the log has `a version failed`; the users of the next seconds count in neither arm',
    defence: 'note',
    remains:
      'A version that hangs all the time is blamed once in `calmMs` on each server',
  },
  async () => {
    const clock = testClock();
    const hung = new Set<string>();
    await using trials = await startTestTrials({
      now: clock.now().getTime.bind(clock.now()),
      versions: { 1: await hangWhen(hung, '1') },
    });
    expect(trials).toBeDefined();
  },
);

failure(
  'Two operators change the stage at once',
  {
    symptom: 'One gets 201, the other 409 `stage_changed`',
    defence: 'change-the-stage',
    remains: 'Who was first decides, not who was right',
  },
  async () => {
    await using trials = await startTestTrials();
    await trials.change({ to: 'shadow', candidate: '2' });
    const seen = 2;
    const changes = [
      { seen, reason: 'well', command: { to: 'canary', share: 0.5 } },
      { seen, reason: 'odd', command: { to: 'rollback' } },
    ];
    const lock = await lockStages(trials.pool);

    const sent = changes.map((body) =>
      trials.send('POST', '/changes', { body }),
    );
    await lock.whenBlocked(2);
    await lock.release();

    const answers = await Promise.all(sent);
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, 409]);
    const won = answers.find(({ status }) => status === 201);
    expect((await trials.look()).stage).toEqual(won?.body);
    const [body] = changes;
    expect(await trials.send('POST', '/changes', { body })).toMatchObject({
      status: 409,
      body: { code: 'stage_changed' },
    });
  },
);

async function hangWhen(_hung: Set<string>, _v: string): Promise<AskVersion> {
  return () => Promise.reject(new PredictionError('overloaded'));
}

/** Whoever wants to add a stage has read the newest one, and waits. */
async function lockStages(pool: Pool) {
  const client = await pool.connect();
  await client.query('begin; lock table model_stages in share mode');
  async function release() {
    await client.query('commit');
    client.release();
  }

  const whenBlocked = (count: number) =>
    waitUntil(`${count} wait`, async () => {
      const { rowCount } = await pool.query(
        `select from pg_stat_activity
         where datname = current_database()
           and wait_event_type = 'Lock'`,
      );
      return rowCount === count;
    });
  return { release, whenBlocked };
}

const versionsOf = (answers: Body[]) => [
  ...new Set(answers.map(({ version }) => `${version}`)),
];

export { countTrial, createNaiveExperiment, type TrialClient };
