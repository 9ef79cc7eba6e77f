import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import { countCanary, type ShadowCount } from './count-trial.ts';
import type { Tally } from './evidence.ts';
import { createNaiveExperiment } from './naive.ts';
import type { Answer } from './test-client.ts';
import {
  decideByEvidence,
  decideByPValue,
  rollBackAfter,
} from './test-evidence.ts';
import {
  rowThat,
  sendUsers,
  startFaulty,
  startTestModels,
} from './test-models.ts';
import { FLOWER, VERSIONS } from './test-versions.ts';

failure(
  'The new version is worse',
  {
    symptom:
      'It is rolled back by itself; the log has `rolled back`, and how many users it met',
    defence: 'evidence',
    remains:
      'Those users met it, and one that is a little worse meets thousands',
  },
  async () => {
    await using models = await startTestModels();
    const other = await models.startServer();
    await models.change({ to: 'shadow', version: 'bad' });
    await models.change({ to: 'canary', share: 0.25 });

    const isOver = async () =>
      (await models.newest())?.stage === 'live';
    const answers = await sendUsers(models, { to: 600, stop: isOver });

    const met = answers.filter(({ version }) => version === 'bad');
    expect(met.length).toBeGreaterThan(0);
    expect(met.length).toBeLessThan(60);
    expect(await models.newest()).toMatchObject({
      ...{ stage: 'live', live: '1', changedBy: 'judge' },
      reason: expect.stringMatching(
        `^worse: \\d+ of ${met.length} users of the canary`,
      ),
    });
    const lines = models.logged.map(({ message }) => message);
    expect(lines).toContain('rolled back');
    await other.settle();
    for (const server of [models, other])
      expect(
        await sendUsers(server, {
          from: 0,
          to: 40,
          silent: () => true,
        }),
      ).toEqual(
        Array(40).fill(expect.objectContaining({ version: '1' })),
      );
  },
);

failure(
  'Somebody looks at the p-value every day',
  {
    symptom:
      'Nothing: as good a version is rolled back as rarely as `alpha` says, however often one looks',
    defence: 'evidence',
    remains:
      'An unlucky trial takes longer than one look at a number that was fixed before',
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
    const evidence = run(() => decideByEvidence(0.5, 0.05));

    expect(once).toBeGreaterThan(30);
    expect(once).toBeLessThan(70);
    expect(peeking).toBeGreaterThan(150);
    expect(evidence).toBeLessThan(50);
  },
);

failure(
  'The file of a version is corrupt, replaced, or of another model',
  {
    symptom:
      '409 `version_unusable` or `version_taken`; a server that cannot load it has `stage not taken over` in its log and answers with the old one',
    defence: 'take-over',
    remains: 'That server takes no part in the trial until it can load',
  },
  async () => {
    await using models = await startTestModels();
    const { pool } = models;
    const other = await models.startServer();
    const changed = { ...VERSIONS.bad, version: '2' };
    expect(await models.register(changed)).toMatchObject({
      status: 409,
      body: { code: 'version_taken' },
    });
    await expect(
      pool.query(`update model_versions set bytes = 'x'`),
    ).rejects.toThrow('model_versions is written once');

    const { card } = VERSIONS.second;
    await models.register({ ...VERSIONS.bad, version: '4', card });
    await models.change({ to: 'shadow', version: '4' });
    const { body } = await models.predict('eve', FLOWER.row);
    expect(body).toMatchObject({ version: '1' });
    expect(models.logged).toContainEqual({
      message: 'stage not taken over',
      details: { error: new Error('It contradicts its own card') },
    });
    await models.change({ to: 'rollback' });

    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    const rot = await rotOnDisk(pool, '2');
    await other.settle();
    await pool.query(
      `insert into model_stages
         (model, revision, stage, live, changed_by, reason)
       values ('iris', 6, 'live', '2', 'ada', 'by hand')`,
    );
    const late = await models.startServer();
    await other.settle();

    expect(await sendUsers(other, { to: 20 })).toEqual(
      Array(20).fill(expect.objectContaining({ version: '1' })),
    );
    expect(other.logged).toContainEqual({
      message: 'stage not taken over',
      details: { error: expect.objectContaining({ code: UNUSABLE }) },
    });
    expect(await late.predict('eve', FLOWER.row)).toMatchObject({
      status: 503,
      body: { code: 'nothing_served' },
    });
    const refused = await models.change({ to: 'shadow', version: '2' });
    expect(refused.body).toMatchObject({ code: UNUSABLE });

    await rot.mend();
    await other.settle();
    expect((await other.predict('eve', FLOWER.row)).body).toMatchObject(
      { version: '2' },
    );
  },
);

failure(
  'Two operators change the stage at once',
  {
    symptom: 'One gets 201, the other 409 `stage_changed`',
    defence: 'change',
    remains: 'Who was first decides, not who was right',
  },
  async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    const seen = 2;
    const commands = [
      { seen, to: 'canary', share: 0.5, reason: 'it looks well' },
      { seen, to: 'rollback', reason: 'it looks odd' },
    ];
    const lock = await lockStages(models.pool);

    const answers = commands.map((command) =>
      models.asBen().send('POST', '/stages', command),
    );
    await lock.whenBlocked(2);
    await lock.release();

    const all = await Promise.all(answers);
    expect(all.map(({ status }) => status).toSorted()).toEqual([
      201, 409,
    ]);
    const [winner] = all.filter(({ status }) => status === 201);
    expect(winner?.body).toMatchObject({ changedBy: 'ben' });
    expect(await models.newest()).toEqual(winner?.body);
    const late = await models.send('POST', '/stages', commands[0]);
    expect(late).toMatchObject({
      status: 409,
      body: { code: 'stage_changed' },
    });
  },
);

failure(
  'A shadow hangs, throws or ends its thread',
  {
    symptom:
      'Users see nothing; the shadow counts as failed, and the log has `no answer`',
    defence: 'shadow',
    remains:
      'A busy shadow takes processor time, and one that crashes natively takes the process',
  },
  async () => {
    await using models = await startTestModels({
      start: startFaulty(2000),
    });
    await models.change({ to: 'shadow', version: '2' });

    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        models.predict('eve', rowThat('hang')),
      ),
    );

    expect(answers.map(({ body }) => body.version)).toEqual(
      Array(12).fill('1'),
    );
    expect((await readShadow(models)).answers).toBe(0);
    await waitUntil('those that began are given up', async () => {
      const { answers } = await readShadow(models);
      return answers > 0;
    });
    expect(await readShadow(models)).toMatchObject({
      ...{ answers: 8, failed: 8 },
    });
    for (const fault of ['crash', 'end'] as const) {
      await untilShadowAnswers(models);
      const { failed } = await readShadow(models);
      const { body } = await models.predict('eve', rowThat(fault));
      expect(body.version).toBe('1');
      await waitUntil('it has failed', async () => {
        return (await readShadow(models)).failed > failed;
      });
    }
    await untilShadowAnswers(models);
  },
);

failure(
  'A canary hangs or throws',
  {
    symptom:
      'Users get the answer of the live version; after a few of them, the canary is rolled back',
    defence: 'predict',
    remains: 'Those who met a hanging one waited until its deadline',
  },
  async () => {
    for (const fault of ['crash', 'hang'] as const) {
      await using models = await startTestModels({
        start: startFaulty(200),
      });
      await models.change({ to: 'shadow', version: '2' });
      await models.change({ to: 'canary', share: 0.25 });

      const answers = await sendUsers(models, {
        ...{ to: 200, row: rowThat(fault), silent: () => true },
        stop: async () => {
          await models.settle();
          return (await models.newest())?.stage === 'live';
        },
      });

      expect(answers.length).toBeLessThan(60);
      expect(answers).toEqual(
        answers.map(() => expect.objectContaining({ version: '1' })),
      );
      expect(await models.newest()).toMatchObject({
        changedBy: 'judge',
        reason: expect.stringMatching(/^worse: (\d+) of \1 users/),
      });
    }
  },
);

failure(
  'A truth is told twice, differently, or of an unknown prediction',
  {
    symptom:
      '204 each time and counted once; 409 `truth_differs`; 404 `unknown_prediction`',
    defence: 'tell-the-truth',
    remains: 'A first truth that is wrong stands',
  },
  async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    const { body } = await models.predict('eve', FLOWER.row);
    const wrong = 'a rose';

    const told = await Promise.all(
      Array.from({ length: 10 }, () => models.tell(body.id, wrong)),
    );

    expect(told.map(({ status }) => status)).toEqual(
      Array(10).fill(204),
    );
    expect(await models.tell(body.id, FLOWER.truth)).toMatchObject({
      status: 409,
      body: { code: 'truth_differs' },
    });
    const unknown = crypto.randomUUID();
    expect(await models.tell(unknown, wrong)).toMatchObject({
      status: 404,
      body: { code: 'unknown_prediction' },
    });
    expect(await models.look()).toMatchObject({
      told: [{ total: 1 }],
      errors: [{ total: 1 }],
    });
  },
);

failure(
  'A server restarts, or the share grows, in the middle of a canary',
  {
    symptom: 'Nothing: whoever met the canary meets it again',
    defence: 'choose-arm',
    remains:
      'Of those who met the live version, some meet the canary as it grows',
  },
  async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    let before = new Set<number>();

    for (const share of [0.1, 0.25, 0.5]) {
      await models.change({ to: 'canary', share });
      const [here, restarted] = [models, await models.startServer()];
      const met = await meetCanary(here);
      expect(await meetCanary(restarted)).toEqual(met);
      expect(met.size).toBeGreaterThan(before.size);
      expect([...before].filter((user) => !met.has(user))).toEqual([]);
      before = met;
    }

    const naive = createNaiveExperiment({
      ...{ share: 0.5, random: Math.random },
    });
    const arms = Array.from({ length: 100 }, () => naive.choose());
    expect(new Set(arms).size).toBe(2); // of one and the same user
  },
);

failure(
  'A truth arrives after the rollback',
  {
    symptom: '204; it counts in its own trial, and changes no stage',
    defence: 'one-user-one-row',
    remains: 'Nobody is told that the rollback was a mistake',
  },
  async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: 'bad' });
    await models.change({ to: 'canary', share: 0.5 });
    const silent = () => true;
    const old = await sendUsers(models, { to: 60, silent });
    await models.change({ to: 'rollback' });
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    await sendUsers(models, { to: 60, silent });

    for (const { id, version } of old)
      await models.tell(
        id,
        version === 'bad' ? 'a rose' : FLOWER.truth,
      );

    expect(await models.newest()).toMatchObject({ candidate: '2' });
    expect(await models.look()).toMatchObject({
      ...{ told: [{ total: 0 }], errors: [{ total: 0 }] },
      users: [{ total: 60 }],
    });
    const { told } = await countCanary(models.pool, 'iris', 2);
    expect(told).toMatchObject([{ total: 60 }]);
  },
);

failure(
  'The canary loses users, or their truths, on the way',
  {
    symptom:
      'It is rolled back as `skewed`: what is left of its users proves nothing',
    defence: 'judge',
    remains:
      'The cause is yours to find; both arms losing alike is not seen',
  },
  async () => {
    await using models = await startTestModels();
    const skewed = { reason: expect.stringMatching('^skewed: ') };
    const isCanary = ({ version }: Answer['body']) => version === '2';
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    await sendUsers(models, { to: 80, silent: isCanary });
    await models.settle();
    expect(await models.newest()).toMatchObject(skewed);

    await loseCanaries(models.pool);
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    await sendUsers(models, { to: 120, silent: () => true });
    const { users } = await models.look();
    const [tally] = users as Tally[];
    await models.settle();

    expect(await models.newest()).toMatchObject(skewed);
    // 10.8: p = 0.001 at one degree of freedom.
    expect(chiSquared(tally as Tally)).toBeGreaterThan(10.8);
  },
);

const UNUSABLE = 'version_unusable';

type TestModels = Awaited<ReturnType<typeof startTestModels>>;
type Client = Pick<TestModels, 'predict' | 'tell'>;

/** What no constraint sees: other bytes come back from the disk. */
async function rotOnDisk(pool: Pool, version: string) {
  const { rows } = await pool.query<{ bytes: Buffer }>(
    'select bytes from model_versions where version = $1',
    [version],
  );
  const bytes = rows[0]?.bytes ?? Buffer.alloc(0);
  const rotten = Buffer.from(bytes);
  rotten.writeUInt8(rotten.readUInt8(99) ^ 1, 99);
  const write = (content: Buffer) =>
    pool.query(
      'update model_versions set bytes = $2 where version = $1',
      [version, content],
    );

  await pool.query(
    `alter table model_versions
       disable trigger model_versions_are_kept,
       drop constraint bytes_are_whole`,
  );
  await write(rotten);
  return { mend: () => write(bytes) };
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

async function readShadow({ look }: TestModels): Promise<ShadowCount> {
  return ((await look()) as { shadow: ShadowCount }).shadow;
}

/** A thread that was ended loads anew; its first askers are turned away. */
async function untilShadowAnswers(models: TestModels) {
  const countGood = async () => {
    const { answers, failed } = await readShadow(models);
    return answers - failed;
  };
  const before = await countGood();
  await waitUntil('the shadow answers', async () => {
    await models.predict('eve', FLOWER.row);
    return (await countGood()) > before;
  });
}

async function meetCanary(client: Client): Promise<Set<number>> {
  const silent = () => true;
  const answers = await sendUsers(client, { to: 60, silent });
  return new Set(
    answers.flatMap(({ version }, user) =>
      version === '2' ? [user] : [],
    ),
  );
}

/** A bug as in real life: most users of one arm are not written. */
async function loseCanaries(pool: Pool) {
  await pool.query(
    `create function lose() returns trigger language plpgsql as $$
     begin
       if new.arm = 'canary' and hashtext(new.user_id) % 4 <> 0 then
         return null;
       end if;
       return new;
     end $$;
     create trigger lose before insert on trial_users
       for each row execute function lose()`,
  );
}

function chiSquared({ total, canary, share }: Tally): number {
  const expected = [total * share, total * (1 - share)];
  return [canary, total - canary].reduce(
    (sum, found, arm) =>
      sum +
      (found - Number(expected[arm])) ** 2 / Number(expected[arm]),
    0,
  );
}
