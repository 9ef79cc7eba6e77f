import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import {
  rowThat,
  sendUsers,
  startFaulty,
  startTestModels,
} from './test-models.ts';
import { FLOWER } from './test-versions.ts';

describe('a shadow', () => {
  it('answers beside the live version, and nobody is told', async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: 'bad' });

    const answers = await sendUsers(models, {
      ...{ to: 40, silent: () => true },
    });

    for (const { version } of answers) expect(version).toBe('1');
    await waitUntil('the shadow has answered', async () => {
      const { shadow } = await models.look();
      return (shadow as { answers: number }).answers === 40;
    });
    expect(await models.look()).toMatchObject({
      shadow: { differing: expect.any(Number), failed: 0 },
      ...{ users: [], verdict: 'open' },
    });
  });
});

describe('a canary', () => {
  it('answers its share of the users, each of whom counts once', async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.25 });

    const answers = await sendUsers(models, { to: 60 });
    expect(await sendUsers(models, { to: 20 })).toHaveLength(20);

    const met = answers.filter(({ version }) => version === '2');
    expect(met.length).toBeGreaterThan(5);
    expect(met.length).toBeLessThan(25);
    expect(await models.look()).toMatchObject({
      users: [{ share: 0.25, total: 60, canary: met.length }],
      told: [{ total: 60, canary: met.length }],
      verdict: 'open',
    });
  });

  it('counts users with the share at which they came', async () => {
    await using models = await startTestModels();
    const silent = () => true;
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.1 });
    await sendUsers(models, { to: 20, silent });
    await models.change({ to: 'canary', share: 0.5 });
    await sendUsers(models, { to: 30, silent });

    expect(await models.look()).toMatchObject({
      users: [
        { share: 0.1, total: 20 },
        { share: 0.5, total: 10 },
      ],
    });
  });

  it('becomes live once it is proven, and not before', async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    expect(await models.change({ to: 'live' })).toMatchObject({
      ...{ status: 409, body: { code: 'not_proven' } },
    });

    await sendUsers(models, { to: 250 });
    expect(await models.look()).toMatchObject({ verdict: 'proven' });
    expect(await models.change({ to: 'live' })).toMatchObject({
      ...{ status: 201, body: { live: '2', stage: 'live' } },
    });

    const { body } = await models.predict('eve', FLOWER.row);
    expect(body).toMatchObject({ version: '2', label: FLOWER.truth });
  });
});

describe('a live version', () => {
  it('that fails is told as 503, and counts against the live version', async () => {
    await using models = await startTestModels({
      ...{ start: startFaulty(1000), first: '2' },
    });
    await models.change({ to: 'shadow', version: '1' });
    await models.change({ to: 'canary', share: 0.5 });

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, user) =>
        models.predict(`user-${user}`, rowThat('crash')),
      ),
    );

    const failed = answers.filter(({ status }) => status === 503);
    expect(failed.length).toBeGreaterThan(3);
    expect(failed[0]?.body).toMatchObject({ code: 'no_answer' });
    expect(await models.look()).toMatchObject({
      errors: [{ total: failed.length, canary: 0 }],
    });
  });

  it('can be taken back to the one before', async () => {
    await using models = await startTestModels();
    expect(await models.change({ to: 'rollback' })).toMatchObject({
      ...{ status: 409, body: { code: 'stage_refused' } },
    });
    await models.pool.query(
      `insert into model_stages
         (model, revision, stage, live, changed_by, reason)
       values ('iris', 2, 'live', 'bad', 'ada', 'it was proven')`,
    );

    await models.change({ to: 'rollback' });

    expect(await models.newest()).toMatchObject({ live: '1' });
  });
});

describe('a server', () => {
  it('looks by itself, judges what failed and follows what others change', async () => {
    await using models = await startTestModels({
      ...{ start: startFaulty(1000), followMilliseconds: 20 },
    });
    const other = await models.startServer();
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    await waitUntil('the other has it too', async () => {
      const last = other.logged.at(-1)?.details;
      return JSON.stringify(last) === '{"revision":3,"stage":"canary"}';
    });

    const answers = await sendUsers(other, {
      ...{ to: 60, row: rowThat('crash'), silent: () => true },
    });

    expect(answers.every(({ version }) => version === '1')).toBe(true);
    await waitUntil('it is rolled back', async () => {
      return (await models.newest())?.changedBy === 'judge';
    });
  });

  it('answers while the database is away, and forgets what it could not write', async () => {
    await using models = await startTestModels();
    await models.change({ to: 'shadow', version: '2' });
    await models.change({ to: 'canary', share: 0.5 });
    await models.pool.query(
      `alter table predictions rename to predictions_away;
       alter table model_stages rename to model_stages_away`,
    );

    const { status, body } = await models.predict('eve', FLOWER.row);
    expect(status).toBe(201);
    await expect(models.settle()).rejects.toThrow('does not exist');

    await models.pool.query(
      `alter table predictions_away rename to predictions;
       alter table model_stages_away rename to model_stages`,
    );
    await models.settle();
    expect(models.logged).toContainEqual({
      message: 'predictions are not remembered',
      details: { count: 1, error: expect.any(Error) },
    });
    expect(await models.tell(body.id, FLOWER.truth)).toMatchObject({
      status: 404,
    });
  });
});
