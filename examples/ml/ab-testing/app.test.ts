import { runProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';
import { environmentSchema } from './environment.ts';
import { createSecrets } from './secrets.ts';
import { startTestModels } from './test-models.ts';
import { FLOWER, VERSIONS } from './test-versions.ts';

const MAIN = new URL('main.ts', import.meta.url);

it('lets only operators register, change and look', async () => {
  await using models = await startTestModels();
  const stranger = `Bearer ${'x'.repeat(43)}`;

  for (const authorization of ['', 'Basic YTpi', stranger])
    for (const path of ['/versions', '/stages', '/trial'])
      expect(
        await models.send('POST', path, {}, authorization),
      ).toMatchObject({ status: 401, body: { code: 'no_operator' } });
});

it('refuses a body that is not what the route asks for', async () => {
  await using models = await startTestModels();
  const change = { seen: 1, reason: 'a try' };
  const wrong: [string, object][] = [
    ['/predictions', { user: 'eve', row: ['5.1'] }],
    ['/predictions', { user: 'a b', row: FLOWER.row }],
    ['/outcomes', { prediction: '7', truth: 'setosa' }],
    ['/versions', { ...VERSIONS.second, version: '../2' }],
    ['/stages', { ...change, to: 'canary', share: 0.6 }],
    ['/stages', { ...change, to: 'canary', share: 0 }],
    ['/stages', { ...change, to: 'nowhere' }],
  ];

  for (const [path, body] of wrong)
    expect(await models.send('POST', path, body)).toMatchObject({
      ...{ status: 400, body: { code: 'invalid_request' } },
    });
});

it('refuses a row of another width, and counts it for nobody', async () => {
  await using models = await startTestModels();
  await models.change({ to: 'shadow', version: '2' });
  await models.change({ to: 'canary', share: 0.5 });

  expect(await models.predict('eve', [5.1])).toMatchObject({
    ...{ status: 400, body: { code: 'wrong_width' } },
  });

  expect(await models.look()).toMatchObject({ users: [] });
});

it('registers a version once, and only whole', async () => {
  await using models = await startTestModels();

  expect(await models.register(VERSIONS.second)).toMatchObject({
    status: 200,
  });
  const third = { ...VERSIONS.second, version: '3' };
  const sha256 = VERSIONS.bad.sha256;
  expect(await models.register({ ...third, sha256 })).toMatchObject({
    ...{ status: 400, body: { code: 'checksum_mismatch' } },
  });
  expect(await models.register(third)).toMatchObject({ status: 201 });
});

it('refuses changes that do not fit the stage', async () => {
  await using models = await startTestModels();
  const refused = { status: 409, body: { code: 'stage_refused' } };
  const change = async (command: object) =>
    expect(await models.change(command));

  (await change({ to: 'canary', share: 0.1 })).toMatchObject(refused);
  (await change({ to: 'live', version: '2' })).toMatchObject(refused);
  (await change({ to: 'shadow', version: '1' })).toMatchObject(refused);
  (await change({ to: 'shadow', version: '9' })).toMatchObject({
    ...{ status: 409, body: { code: 'version_unusable' } },
  });
  await models.change({ to: 'shadow', version: '2' });
  await models.change({ to: 'canary', share: 0.25 });
  (await change({ to: 'shadow', version: 'bad' })).toMatchObject(
    refused,
  );
  (await change({ to: 'canary', share: 0.1 })).toMatchObject(refused);
});

it('keeps the log of stages as it was written', async () => {
  await using models = await startTestModels();

  for (const statement of [
    `update model_stages set changed_by = 'nobody'`,
    'delete from model_stages',
  ])
    await expect(models.pool.query(statement)).rejects.toThrow(
      'model_stages is written once',
    );
});

it('does not start without tokens of operators that are secret', async () => {
  const { OPERATORS } = createSecrets();
  const wrong: [string | undefined, string][] = [
    [undefined, 'is not set'],
    ['tiger', 'is not JSON'],
    ['{"ada":"tiger"}', 'is too short'],
    [`{"ada":"${'changeme'.repeat(8)}"}`, 'is a well-known value'],
  ];

  for (const [value, sentence] of wrong) {
    const { error } = environmentSchema.safeParse({ OPERATORS: value });
    expect(error?.message).toContain(sentence);
  }
  expect(environmentSchema.safeParse({ OPERATORS }).success).toBe(true);
  const { code, errors } = await runProgram(MAIN, { OPERATORS: '' });
  expect(code).toBe(1);
  expect(errors).toContain('OPERATORS: is not JSON');
});
