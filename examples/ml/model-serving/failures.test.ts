import { EventEmitter, getEventListeners, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { FAULTS, prepareFaults } from '@touchstone/kit/models/faults';
import { nameFlower } from '@touchstone/kit/models/iris-files';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { toOnnx } from '@touchstone/kit/models/onnx';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { holdPauses } from '@touchstone/kit/time/hold-pauses';
import { waitUntil } from '@touchstone/kit/time/wait';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it, vi } from 'vitest';
import { createLargeModel } from './large-model.ts';
import { loadModel } from './load-model.ts';
import { describeAnswer, modelCard } from './model-card.ts';
import { readModel, shareBytes } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createModelServer } from './model-server.ts';
import { untilEnd } from './request-end.ts';
import { createSuspectRows } from './suspect-rows.ts';
import { createFlowerClient, startTestApp } from './test-app.ts';
import { createTestFolder, startTestServer } from './test-folder.ts';
import { HANGING, writeHangingModel } from './test-hanging-model.ts';
import {
  createTestModel,
  FLOWER,
  never,
  startTestPool,
  TEST_WORKER,
} from './test-pool.ts';
import {
  holdIntervals,
  SILENT_WORKER,
  watchThreads,
} from './test-timers.ts';
import { describeModel, trainInto, writeModel } from './train-model.ts';

failure(
  'The input has the wrong shape, is NaN, or is outside the ranges of the card',
  {
    symptom:
      '400 `invalid_request`, with a pointer to each wrong feature; the model computes nothing',
    defence: 'input-from-card',
    remains:
      'An input in range may still be unlike all that the model has seen: monitor its distribution',
  },
  async () => {
    await using app = await startTestApp();
    const { petalWidth, ...short } = FLOWER;
    const bodies = [
      [5.9, 3, 4.2, 1.5],
      short,
      { ...FLOWER, colour: 3 },
      { ...FLOWER, petalWidth: `${petalWidth}` },
      { ...FLOWER, petalWidth: null },
      { ...FLOWER, petalWidth: -1 },
      { ...FLOWER, petalWidth: 150 },
    ].map((body) => JSON.stringify(body));
    const infinite = JSON.stringify(FLOWER).replace('1.5}', '1e999}');

    for (const body of [...bodies, infinite]) {
      const response = await app.predictText(body);
      expect(response.status, body).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'invalid_request',
      });
    }
    expect((await app.predictText('{"petalWidth":NaN}')).status).toBe(
      400,
    );

    expect((await app.predict()).status).toBe(200);
    expect(app.faults.rows()).toBe(1);
  },
);

failure(
  'The model answers NaN for an input in range',
  {
    symptom:
      '422 `no_answer` for that request alone; the log has `the model answers no numbers`',
    defence: 'serve-a-batch',
    remains:
      'A number that is wrong looks like any other: monitor the answers too',
  },
  async () => {
    await using app = await startTestApp();
    const answers = await Promise.all([
      app.predict({ sepalLength: FAULTS.noNumber }),
      app.predict(),
    ]);

    const [{ status, headers, body }, other] = answers;
    expect({ status, code: body.code }).toEqual({
      status: 422,
      code: 'no_answer',
    });
    expect(headers.get('retry-after')).toBeNull();
    expect(other.status).toBe(200);
    expect(app.pool.messages()).toEqual([
      'the model answers no numbers',
    ]);
  },
);

failure(
  'The model is slower than the deadline, and one batch never comes back',
  {
    symptom:
      '504 `deadline_exceeded` at the deadline; the log has `worker lost`, and another thread takes over',
    defence: 'run-a-batch',
    remains:
      'A native call cannot be stopped: it occupies a core until it returns, or until the process is killed',
  },
  async () => {
    const deadlines = [new AbortController(), new AbortController()];
    const signals = deadlines.map(({ signal }) => signal);
    await using app = await startTestApp({
      stuckMs: 1000,
      createDeadline: () => signals.shift() as AbortSignal,
    });
    const stuck = app.predict({ sepalLength: FAULTS.wait });
    await app.faults.batchesBegun(1);

    deadlines[0]?.abort(new DOMException('', 'TimeoutError'));
    expect(await stuck).toMatchObject({
      status: 504,
      body: { code: 'deadline_exceeded' },
    });

    expect((await app.predict()).status).toBe(200);
    expect(app.pool.messages()).toEqual(['worker lost']);
    expect(app.faults.rows()).toBe(2); // the late one is not repeated
    app.faults.open();
    await waitUntil(
      'the stuck thread has ended',
      () => app.pool.countWork().lost === 0,
    );
  },
);

failure(
  'The new model file is damaged, or only half of it is there',
  {
    symptom:
      'The log has `model refused`; the old model serves on, under its version',
    defence: 'verify-checksum',
    remains:
      'An attacker who can write both files can change both: sign the card where that matters',
  },
  async () => {
    await using models = await startTestServer();
    const { onnx, features } = trainIrisModel();
    const before = await models.ask();
    const text = JSON.stringify({ ...models.card, version: '2' });
    await models.write('card.json', text);
    const flipped = Buffer.from(onnx);
    const mean = Buffer.from(
      new Float32Array([features[0]?.mean ?? 0]).buffer,
    );
    const at = flipped.indexOf(mean);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at); // its lowest bit

    for (const bytes of [
      flipped,
      onnx.slice(0, 200),
      onnx.slice(0, 0),
    ]) {
      await models.write('model.onnx', bytes);
      await models.reload();
      expect(await models.ask()).toEqual(before);
    }
    await models.write('model.onnx', onnx);
    await models.write('card.json', text.slice(0, 200));
    await models.reload();
    expect(await models.ask()).toEqual(before);

    expect(models.messages()).toEqual(Array(4).fill('model refused'));
    await models.write('card.json', text);
    await models.reload();
    expect(await models.ask()).toEqual({ ...before, version: '2' });
  },
);

failure(
  'The new file is intact, but it is not the model of its card',
  {
    symptom:
      'The log has `model refused`; no request reaches the new model',
    defence: 'check-examples',
    remains:
      'A worse model is loaded if it computes what it computed in training: compare versions on live traffic',
  },
  async () => {
    await using models = await startTestServer();
    const before = await models.ask();
    const model = await createTestModel();
    const good = trainIrisModel();
    const card = await describeModel(good, '2');
    const other = trainIrisModel({ mislabelled: 1 }).onnx;
    const narrow = networkOf(3, 3);
    const fewer = networkOf(4, 2);

    for (const onnx of [other, narrow, fewer]) {
      const { sha256 } = await describeModel(
        { ...good, onnx },
        '2',
      ).catch(() => card);
      await writeModel(models.folder, { ...card, sha256 }, onnx);
      await models.reload();
      expect(await models.ask()).toEqual(before);
      const bytes = shareBytes(onnx);
      await expect(loadModel({ ...model, bytes })).rejects.toThrow();
    }
    expect(models.messages()).toEqual(Array(3).fill('model refused'));
  },
);

failure(
  'A new model or SIGTERM comes while a native call hangs',
  {
    symptom:
      'The new model serves at once, and SIGTERM still ends the process',
    defence: 'change-the-model',
    remains:
      'The call has its core and its memory until the process ends, and that takes SIGKILL, as in `main.ts`',
  },
  async () => {
    await using files = await createTestFolder();
    await writeHangingModel(files.folder, '2');
    await using program = await startProgram(
      new URL('main.ts', import.meta.url),
      {
        MODEL_FOLDER: files.folder.pathname,
        PORT: '0',
        DEADLINE: '200ms',
      },
    );
    const client = createFlowerClient(program.url);
    expect((await client.predict()).body.version).toBe('2');
    const hanging = await client.predict(HANGING);
    expect(hanging.status).toBe(504);

    await trainInto(files.folder, '3');
    await program.signal('SIGHUP');
    await waitUntil('the new model serves', async () => {
      return (await client.model()).body.version === '3';
    });
    expect((await client.predict()).status).toBe(200);

    expect(await program.kill('SIGTERM')).not.toBe(0);
  },
);

failure(
  'A worker crashes in the middle of a batch',
  {
    symptom:
      'Nothing but a delay: each request of the batch is computed once more; the log has `worker lost`',
    defence: 'serve-a-batch',
    remains:
      'A fault in native code (a segmentation fault) ends the process, not the thread',
  },
  async () => {
    await using pool = await startTestPool();
    const order: string[] = [];
    const ask = async (row: number, place: string) => {
      const answer = await pool.ask(row);
      order.push(place);
      return answer;
    };
    const batch = [FAULTS.crashOnce, 5, 5, 5].map((row) =>
      ask(row, 'in it'),
    );
    await pool.faults.batchesBegun(1);
    const behind = [4, 4, 4, 4].map((row) => ask(row, 'behind'));

    const answers = await Promise.all([...batch, ...behind]);

    expect(answers).toHaveLength(8);
    // Those who have waited longest come first.
    expect(order.slice(0, 4)).toEqual(Array(4).fill('in it'));
    expect(pool.messages()).toEqual(['worker lost']);
    expect(pool.faults.rows()).toBe(4 + 4 + 4);
    expect((await pool.ask(FAULTS.crashOnce)).version).toBe('1');
  },
);

failure(
  'One input crashes or hangs every thread that it reaches',
  {
    symptom:
      '422 `row_refused` for that request alone, and at once each time it is repeated; the others of its batch are answered',
    defence: 'suspect-rows',
    remains:
      'Each different input of that kind costs two threads: exclude such inputs by the ranges of the card, and limit the rate of each client',
  },
  async () => {
    await using app = await startTestApp();
    const { crash, exit } = FAULTS;
    const rows = [5, crash, 5, exit, crash];

    const answers = await Promise.allSettled(
      rows.map((row) => app.pool.ask(row)),
    );

    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    // The batch, and each of two inputs alone; the third is known.
    expect(app.pool.messages()).toEqual(Array(3).fill('worker lost'));
    for (const sepalLength of [crash, exit]) {
      const answer = await app.predict({ sepalLength });
      expect(answer).toMatchObject({
        status: 422,
        body: {
          code: 'row_refused',
          detail:
            'This input has ended threads twice: do not repeat it',
        },
      });
      // A balancer that tries 503 elsewhere would take it to all servers.
      expect(answer.headers.get('retry-after')).toBeNull();
    }
    expect((await app.predict()).status).toBe(200);
    expect(app.pool.messages()).toHaveLength(3);
  },
);

failure(
  'Ten times more requests come than it can compute',
  {
    symptom:
      '503 `overloaded` with `Retry-After` at once for what exceeds the queue; what is accepted waits for a known number of batches',
    defence: 'admit-or-shed',
    remains:
      'Each refusal still costs a connection and the parsing of a body: limit clients in front',
  },
  async () => {
    await using app = await startTestApp({
      maxBatch: 8,
      maxWaiting: 16,
    });
    const running = app.predict({ sepalLength: FAULTS.wait });
    await app.faults.batchesBegun(1);
    const answers: Awaited<typeof running>[] = [];
    const burst = Array.from({ length: 160 }, async () => {
      answers.push(await app.predict());
    });

    await waitUntil(
      'all others are refused',
      () => answers.length === 144,
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([503]),
    );
    expect(answers[0]?.headers.get('retry-after')).toBe('1');
    expect(answers[0]?.body.code).toBe('overloaded');
    expect(app.faults.rows()).toBe(1); // the thread has not moved
    app.faults.open();
    await Promise.all([running, ...burst]);

    const accepted = answers.slice(144).map(({ status }) => status);
    expect(accepted).toEqual(Array(16).fill(200));
    expect(app.faults.batches()).toBe(1 + 2); // none waited for more
  },
);

failure(
  'A client goes away before its turn',
  {
    symptom:
      'Its place in the queue is free at once; nothing is computed',
    defence: 'admit-or-shed',
    remains:
      'A row that is in a batch already is computed with it, for no client',
  },
  async () => {
    await using app = await startTestApp({ maxWaiting: 1 });
    const running = app.predict({ sepalLength: FAULTS.wait });
    await app.faults.batchesBegun(1);
    const client = new AbortController();
    const body = JSON.stringify(FLOWER);
    const gone = app
      .predictText(body, client.signal)
      .catch(() => 'gone');
    const { countWork } = app.pool;
    await waitUntil('it waits', () => countWork().waiting === 1);

    client.abort();
    expect(await gone).toBe('gone');
    await waitUntil(
      'its place is free',
      () => countWork().waiting === 0,
    );
    const next = app.predict();
    await waitUntil('another waits', () => countWork().waiting === 1);
    app.faults.open();

    expect((await running).status).toBe(200);
    expect((await next).status).toBe(200);
    expect(app.faults.rows()).toBe(2);
  },
);

it('a thread that computes while the process is paused is not lost: a pause counts as a tenth of its time', async () => {
  await using pool = await startTestPool({ stuckMs: 1000 });
  const answer = pool.ask(FAULTS.wait);
  await pool.faults.batchesBegun(1);

  block(1500); // as the event loop of a frozen process
  pool.faults.open();

  expect(await answer).toMatchObject({ version: '1' });
  expect(pool.messages()).toEqual([]);
});

it('an input that never comes back costs two threads, each of which is replaced at once, and then it is refused', async () => {
  await using app = await startTestApp({ stuckMs: 300 });
  using threads = watchThreads();
  for (const count of [1, 2]) {
    await loseThread(app.pool, FLOWER);
    expect((await app.predict()).status).toBe(200);
    expect(app.pool.countWork()).toMatchObject({
      serving: 1,
      lost: count,
    });
  }
  expect(
    (await app.predict({ sepalLength: FAULTS.wait })).body.code,
  ).toBe('row_refused');
  expect((await app.read('/readyz')).status).toBe(200);

  await loseThread(app.pool, { ...FLOWER, petalWidth: 1 });
  await waitUntil('none serves', async () => {
    return (await app.read('/readyz')).status === 503;
  });
  expect(app.pool.countWork()).toEqual({
    serving: 0,
    lost: 3,
    idle: 0,
    waiting: 0,
  });
  expect((await app.read('/livez')).status).toBe(200);
  expect(threads.started).toHaveLength(2); // and no third

  const late = app.predict();
  app.faults.open(); // one of the stuck threads ends: any will do
  expect((await late).status).toBe(200);
});

it('a pool that is stopped refuses what comes, answers what it has accepted, and ends its threads', async () => {
  await using pool = await startTestPool();
  const accepted = [pool.ask(FAULTS.wait)];
  await pool.faults.batchesBegun(1);
  accepted.push(...Array.from({ length: 5 }, () => pool.ask()));

  const stopped = pool.stop();
  await expect(pool.ask()).rejects.toMatchObject({
    status: 503,
    code: 'stopping',
    retryAfterSeconds: 1,
  });
  expect(pool.countWork().waiting).toBe(5);
  pool.faults.open();

  expect(await Promise.all(accepted)).toHaveLength(6);
  await stopped;
  expect(pool.countWork()).toEqual({
    serving: 0,
    lost: 0,
    idle: 0,
    waiting: 0,
  });
  expect(pool.messages()).toEqual([]);
});

it('a stuck thread of an old model holds up neither a reload nor a stop', async () => {
  const faults = prepareFaults();
  await using models = await startTestServer({
    workerFile: TEST_WORKER,
    stopMs: 20,
  });
  const old = models.current();
  const deadline = new AbortController();
  const stuck = models.ask(FAULTS.wait, deadline.signal);
  await faults.batchesBegun(1);
  deadline.abort();
  await expect(stuck).rejects.toThrow('aborted');

  for (const version of ['2', '3']) {
    await trainInto(models.folder, version, { seed: 2 });
    await models.reload();
    expect((await models.ask()).version).toBe(version);
  }

  await old.stop(); // it is stopped already, and says so once
  expect(models.messages().toSorted()).toEqual([
    'model loaded',
    'model loaded',
    'threads do not end',
  ]);
  faults.open();
});

describe('a card', () => {
  it('is refused when it contradicts itself', async () => {
    const { card } = await createTestModel();
    const [feature, second] = card.features;
    const wrong = [
      { features: [feature, feature] },
      { features: [{ ...feature, min: 2, max: 1 }, second] },
      { features: [{ ...feature, name: '__proto__' }] },
      { features: [{ ...feature, name: '1a' }] },
      { features: [{ ...feature, name: 'a'.repeat(65) }] },
      { features: [{ ...feature, max: 1e39 }] },
      { features: [{ ...feature, min: -1e39 }] },
      { features: [] },
      { labels: ['a', 'a'] },
      { labels: ['a'] },
      { labels: ['a', ''] },
      { examples: [] },
      { examples: [{ row: [], probabilities: [1] }] },
      { tolerance: 0 },
      { tolerance: 0.2 },
      { sha256: card.sha256.slice(1) },
      { sha256: `0${card.sha256}` },
      { sha256: `${card.sha256}0` },
      { name: '' },
      { version: '' },
      { input: '' },
      { output: '' },
      { more: 1 },
    ];

    for (const change of wrong) {
      const result = modelCard.safeParse({ ...card, ...change });
      expect(result.success, JSON.stringify(change)).toBe(false);
    }
    const features = [{ ...feature, min: 1, max: 1 }];
    expect(modelCard.parse({ ...card, features })).toBeDefined();
  });

  it('is refused with a message that names the contradiction', async () => {
    const { card } = await createTestModel();
    const [feature] = card.features;
    const contradictions = {
      'min is above max': {
        features: [{ ...feature, min: 2, max: 1 }],
      },
      'a name twice': { features: [feature, feature] },
      'a label twice': { labels: ['a', 'a'] },
    };

    for (const [message, change] of Object.entries(contradictions))
      expect(() => modelCard.parse({ ...card, ...change })).toThrow(
        message,
      );
  });

  it('may describe one feature and two labels, in single letters', async () => {
    const { card } = await createTestModel();
    const smallest = {
      name: 'm',
      version: '1',
      sha256: card.sha256,
      input: 'x',
      output: 'y',
      features: [{ name: 'X', min: 0, max: 1 }],
      labels: ['a', 'b'],
      examples: [{ row: [0], probabilities: [0.5, 0.5] }],
      tolerance: 0.01,
    };

    expect(modelCard.parse(smallest)).toEqual(smallest);
  });

  it('keeps labels in any alphabet', async () => {
    await using files = await createTestFolder();
    const labels = ['sétosa', 'ヴェルシカラー', 'virginica'];
    const text = JSON.stringify({ ...files.card, labels });
    await files.write('card.json', text);

    const { card } = await readModel(files.folder);

    expect(card.labels).toEqual(labels);
  });

  it('gives the first of its labels to an answer that is a tie', async () => {
    const { card } = await createTestModel();
    const tie = Float32Array.of(0.2, 0.4, 0.4);

    expect(describeAnswer(card, FLOWER, tie).label).toBe('versicolor');
  });

  it('has a probability for each label in every example', async () => {
    const { card, bytes } = await createTestModel();
    const [first] = card.examples;
    const { row = [], probabilities = [] } = first ?? {};
    const load = (example: number[], labels = card.labels) => {
      const examples = [{ row, probabilities: example }];
      return loadModel({ bytes, card: { ...card, labels, examples } });
    };

    await expect(load(probabilities)).resolves.toBeDefined();
    await expect(load([...probabilities, 0])).rejects.toThrow(
      'It contradicts its own card',
    );
    await expect(load(probabilities, ['a', 'b'])).rejects.toThrow(
      'It has no float32 output "probabilities" with all labels',
    );
  });

  it('is refused when one example of many is wrong', async () => {
    const { card, bytes } = await createTestModel();
    const wrong = {
      row: card.examples[0]?.row ?? [],
      probabilities: [0, 0, 0],
    };
    const examples = [...card.examples, wrong];

    await expect(
      loadModel({ bytes, card: { ...card, examples } }),
    ).rejects.toThrow('It contradicts its own card');
  });

  it('allows so much rounding as it says, and a thousandth otherwise', async () => {
    const model = await createTestModel();
    const load = (shift: number, tolerance?: number) => {
      const { tolerance: _, ...rest } = model.card;
      const examples = rest.examples.map(({ row, probabilities }) => ({
        row,
        probabilities: probabilities.map((value) => value + shift),
      }));
      const card = modelCard.parse({ ...rest, examples, tolerance });
      return loadModel({ ...model, card });
    };
    const refusal = 'It contradicts its own card';

    await expect(load(0.0009)).resolves.toBeDefined();
    await expect(load(0.0011)).rejects.toThrow(refusal);
    await expect(load(0.019, 0.02)).resolves.toBeDefined();
    await expect(load(-0.021, 0.02)).rejects.toThrow(refusal);
  });

  it('allows the whole of its tolerance', async () => {
    const { card } = await createTestModel();
    const answers = {
      row: [5, 3, 4, 1],
      probabilities: [0.5625, 0.5625],
    };
    const change = {
      labels: ['a', 'b'],
      examples: [answers],
      tolerance: 0.0625, // exactly, as all of these are in binary
    };
    const bytes = shareBytes(networkOf(4, 2)); // answers 0.5 and 0.5

    await expect(
      loadModel({ bytes, card: { ...card, ...change } }),
    ).resolves.toBeDefined();
  });

  it('leaves its model one thread of ONNX Runtime', async () => {
    const model = await createTestModel();
    const create = vi.spyOn(InferenceSession, 'create');

    await loadModel(model);

    expect(create).toHaveBeenCalledExactlyOnceWith(
      expect.any(Uint8Array),
      expect.objectContaining({ intraOpNumThreads: 1 }),
    );
    create.mockRestore();
  });

  it('names the tensors of its file', async () => {
    const model = await createTestModel();
    const load = (names: object) =>
      loadModel({ ...model, card: { ...model.card, ...names } });

    await expect(load({ input: 'X' })).rejects.toThrow("'features'");
    await expect(load({ output: 'scores' })).rejects.toThrow(
      'It has no float32 output "scores"',
    );
  });

  it('says what the model gets for a missing value', async () => {
    const { card, bytes } = await createTestModel();
    const features = card.features.map((feature) =>
      feature.name === 'petalWidth'
        ? { ...feature, whenMissing: FLOWER.petalWidth }
        : feature,
    );
    const model = { bytes, card: { ...card, features } };
    await using pool = await startTestPool({ model });

    const missing = { ...FLOWER, petalWidth: null };
    const answer = await pool.predict(missing, never());

    expect(answer).toEqual({
      ...(await pool.predict(FLOWER, never())),
      features: missing,
    });
  });
});

describe('a pool', () => {
  it('predicts what the model predicted in training, each row its own', async () => {
    await using pool = await startTestPool({ threads: 2 });
    const model = trainIrisModel();
    const { testSet, labels, accuracy } = model;

    const answers = await Promise.all(
      testSet.map(({ features }) =>
        pool.predict(nameFlower(model, features), never()),
      ),
    );

    const right = answers.filter(({ label, probabilities }, index) => {
      const highest = Math.max(...Object.values(probabilities));
      expect(probabilities[label]).toBe(highest);
      return label === labels[testSet[index]?.label ?? -1];
    });
    expect(right.length / testSet.length).toBeCloseTo(accuracy);
  });

  it('computes in one batch what arrives in one turn, shared out among free threads', async () => {
    await using pool = await startTestPool({ threads: 2 });

    await Promise.all(Array.from({ length: 30 }, () => pool.ask()));

    expect(pool.faults.batches()).toBe(2);
    expect(pool.faults.rows()).toBe(30);
  });

  it('makes one batch of a turn, even after clients of the turn before have gone', async () => {
    await using pool = await startTestPool();
    const gone = new AbortController();
    const later: Promise<unknown>[] = [];
    for (let client = 0; client < 2; client++) {
      void pool.ask(5, gone.signal).catch(() => {});
      later.push(setImmediate().then(() => pool.ask()));
    }
    gone.abort();

    await Promise.all(later);

    expect(pool.faults.batches()).toBe(1);
  });

  it('answers first what came first', async () => {
    await using pool = await startTestPool();
    const order: number[] = [];
    const places = [1, 2, 3, 4];

    await Promise.all(
      places.map(async (place) => {
        await pool.ask();
        order.push(place);
      }),
    );

    expect(order).toEqual(places);
    expect(pool.faults.batches()).toBe(1);
  });

  it('lets a batch grow while its thread is busy, and lets none wait otherwise', async () => {
    await using pool = await startTestPool({ maxBatch: 8 });
    const first = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(1);
    const rest = Array.from({ length: 20 }, () => pool.ask());
    const busy = { serving: 1, lost: 0, idle: 0 };
    expect(pool.countWork()).toEqual({ ...busy, waiting: 20 });

    pool.faults.open();
    await Promise.all([first, ...rest]);

    expect(pool.faults.batches()).toBe(1 + 3); // of 8, 8 and 4
    const free = { ...busy, idle: 1 };
    expect(pool.countWork()).toEqual({ ...free, waiting: 0 });
  });

  it('has limits that suit a small server', async () => {
    await using pool = await startTestPool();
    const first = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(1);
    const rest = Array.from({ length: 128 }, () => pool.ask());
    await expect(pool.ask()).rejects.toMatchObject({
      code: 'overloaded',
    });

    pool.faults.open();
    await Promise.all([first, ...rest]);

    expect(pool.faults.batches()).toBe(1 + 4);
    expect(pool.countWork().serving).toBe(1);
  });

  it('refuses limits that would never let it answer', async () => {
    const limits = [
      { threads: 0 },
      { maxBatch: 0 },
      { maxWaiting: Number.NaN },
      { stuckMs: 2 ** 31 },
      { loadMs: 0 },
      { stopMs: 0 },
    ];
    for (const one of limits)
      await expect(startTestPool(one)).rejects.toThrow(
        Object.keys(one)[0],
      );
    await using pool = await startTestPool({ stopMs: 2 ** 31 - 1 });
    expect(pool.countWork().serving).toBe(1);
  });
});

describe('a request', () => {
  it('that is past its deadline when it comes is not even queued', async () => {
    await using pool = await startTestPool();

    const late = pool.ask(5, AbortSignal.abort());

    await expect(late).rejects.toThrow('aborted');
    expect(pool.faults.rows()).toBe(0);
  });

  it('that is past its deadline when its thread dies is not tried again', async () => {
    await using pool = await startTestPool({ stuckMs: 300 });
    await loseThread(pool, FLOWER);

    expect((await pool.ask()).version).toBe('1');

    expect(pool.faults.rows()).toBe(2);
  });

  it('leaves nothing on its signal once it is answered', async () => {
    await using pool = await startTestPool();
    const { signal } = new AbortController();

    await pool.ask(5, signal);

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gets 504 when its deadline has passed before it begins, and ends when its client goes', async () => {
    const response = new EventEmitter();
    const late = untilEnd(response, AbortSignal.abort(), async () => 1);
    await expect(late).rejects.toMatchObject({
      status: 504,
      code: 'deadline_exceeded',
    });

    const left = untilEnd(response, never(), (end) =>
      once(end, 'abort'),
    );
    response.emit('close');
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that was lost once and then answered is ordinary again', async () => {
    await using pool = await startTestPool();
    await pool.ask(FAULTS.crashOnce); // a thread is lost, and the row is not to blame

    const answers = [FAULTS.crashOnce, 5, 5].map((row) =>
      pool.ask(row),
    );

    await Promise.all(answers);
    expect(pool.faults.batches()).toBe(2 + 1);
  });

  it('whose row is suspect waits in the queue like any other, and is computed alone', async () => {
    await using pool = await startTestPool({
      stuckMs: 300,
      maxWaiting: 3,
    });
    await loseThread(pool, FLOWER);
    const gone = new AbortController();
    const late = pool.ask(FAULTS.wait, gone.signal);
    gone.abort();
    await expect(late).rejects.toThrow('aborted');
    expect(pool.countWork().waiting).toBe(0);

    const rows = [FAULTS.wait, 5, 5].map((row) => pool.ask(row));
    expect(pool.countWork().waiting).toBe(3);
    await expect(pool.ask()).rejects.toMatchObject({
      code: 'overloaded',
    });
    pool.faults.open();
    await Promise.all(rows);
    expect(pool.faults.batches()).toBe(1 + 1 + 1);
  });

  it('whose row is suspect does not share a batch with those before it', async () => {
    await using pool = await startTestPool({ stuckMs: 300 });
    await loseThread(pool, FLOWER);
    pool.faults.open();

    await Promise.all([5, FAULTS.wait, 5].map((row) => pool.ask(row)));

    expect(pool.faults.batches()).toBe(1 + 3);
  });

  it('whose row was suspected while it was computed among others stays suspect', async () => {
    await using pool = await startTestPool({ threads: 2 });
    const held = [FAULTS.wait, 5, 4, 4].map((row) => pool.ask(row));
    await held[3]; // the last two had a thread of their own
    pool.faults.refuseStarts(1000);
    const gone = new AbortController();
    const crashing = [5, FAULTS.crash].map((row) =>
      pool.ask(row, gone.signal),
    );
    await waitUntil('a thread is lost', () =>
      pool.messages().includes('worker lost'),
    );
    gone.abort();
    await Promise.allSettled(crashing);
    pool.faults.open();
    await Promise.all(held);
    const before = pool.faults.batches();

    await Promise.all([5, 4].map((row) => pool.ask(row)));

    expect(pool.faults.batches()).toBe(before + 2);
    pool.faults.refuseStarts(0);
  });

  it('whose row is refused is told so at once, and takes no place in the queue', async () => {
    await using pool = await startTestPool();
    const refusal = { code: 'row_refused' };
    await expect(pool.ask(FAULTS.crash)).rejects.toMatchObject(refusal);
    const busy = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(2 + 1);

    const again = pool.ask(FAULTS.crash);

    expect(pool.countWork().waiting).toBe(0);
    await expect(again).rejects.toMatchObject(refusal);
    pool.faults.open();
    await busy;
  });

  it('whose row is refused meanwhile leaves the queue', async () => {
    await using pool = await startTestPool();
    const first = pool.ask(FAULTS.crash);
    await pool.faults.batchesBegun(1);
    const later = [pool.ask(FAULTS.crash), pool.ask()];

    const answers = await Promise.allSettled([first, ...later]);

    expect(answers).toMatchObject([
      { reason: { code: 'row_refused' } },
      { reason: { code: 'row_refused' } },
      { value: { version: '1' } },
    ]);
    expect(pool.messages()).toEqual(Array(2).fill('worker lost'));
  });
});

it('remembers a thousand rows that cost threads, and forgets the oldest first', () => {
  const suspects = createSuspectRows();
  const row = (value: number) => Float32Array.from([value]);
  expect(suspects.find(row(0))).toBeUndefined();

  for (let value = 0; value < 1000; value++)
    suspects.blame(row(value), false);
  expect(suspects.find(row(0))).toBe('suspect');
  suspects.blame(row(1000), false);

  expect(suspects.find(row(0))).toBeUndefined();
  suspects.blame(row(1), true);
  expect(suspects.find(row(1))).toBe('refused');
  suspects.blame(row(1), false);
  expect(suspects.find(row(1))).toBe('refused');
  suspects.clear(row(2));
  expect(suspects.find(row(2))).toBeUndefined();
});

it('hashes no row while none is suspect', () => {
  const { find } = createSuspectRows();
  const row = Float32Array.of(1);
  const read = () => expect.fail('its bytes are read');
  Object.defineProperty(row, 'buffer', { get: read });

  expect(find(row)).toBeUndefined();
});

describe('the threads', () => {
  it('are refused together when one of them cannot load the model', async () => {
    const { card } = await createTestModel();
    const bytes = shareBytes(Buffer.from('no model'));
    const model = { card, bytes };

    await expect(startTestPool({ model, threads: 2 })).rejects.toThrow(
      'No thread can load it',
    );
  });

  it('that have loaded the model end when another one cannot', async () => {
    using threads = watchThreads();
    prepareFaults().refuseStarts(1);
    const pool = startModelPool({
      model: await createTestModel(),
      workerFile: TEST_WORKER,
      threads: 3,
      stuckMs: 60_000,
      log: createTestLog(),
    });

    await expect(pool).rejects.toThrow('No thread can load it');

    expect(threads.started).toHaveLength(3);
    await waitUntil('all have ended', () =>
      threads.started.every(({ threadId }) => threadId === -1),
    );
  });

  it('are given up when they load for too long', async () => {
    await expect(startTestPool({ loadMs: 1 })).rejects.toMatchObject({
      cause: new Error('It is stuck'),
    });
  });

  it('have a minute to load', async () => {
    using intervals = holdIntervals();
    const settled = vi.fn();
    const starting = startTestPool({ workerFile: SILENT_WORKER });
    starting.then(settled, settled);
    await once(process, 'worker');

    await intervals.pass(59_999);
    expect(settled).not.toHaveBeenCalled();
    await intervals.pass(1);

    expect(settled).toHaveBeenCalled();
    await expect(starting).rejects.toMatchObject({
      cause: new Error('It is stuck'),
    });
  });

  it('that load for too long in place of another are lost too, and end', async () => {
    using intervals = holdIntervals();
    await using pool = await startTestPool({ loadMs: 1000 });
    const answer = pool.ask(FAULTS.crashOnce);
    await once(process, 'worker');

    await intervals.pass(1000);

    expect(pool.messages()).toEqual([
      'worker lost',
      'worker does not start',
    ]);
    expect(pool.countWork().lost).toBe(1);
    expect((await answer).version).toBe('1');
    await waitUntil('it has ended', () => pool.countWork().lost === 0);
  });

  it('are lost once a batch has taken all of their time, and leave no timer after an answer', async () => {
    using intervals = holdIntervals();
    await using pool = await startTestPool({ stuckMs: 1000 });
    await pool.ask();
    expect(intervals.count()).toBe(0);
    const stuck = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(2);

    await intervals.pass(999);
    expect(pool.messages()).toEqual([]);
    await intervals.pass(1);

    expect(pool.messages()).toEqual(['worker lost']);
    pool.faults.open();
    expect((await stuck).version).toBe('1');
  });

  it('are replaced when they die without work', async () => {
    await using pool = await startTestPool();
    using threads = watchThreads();

    await pool.ask(FAULTS.exitAfterwards);
    await waitUntil(
      'another takes its place',
      () => threads.started.length > 0,
    );

    expect((await pool.ask()).version).toBe('1');
    expect(pool.messages()).toEqual([]);
  });

  it('are replaced while the lost ones still hang', async () => {
    await using pool = await startTestPool({
      threads: 2,
      stuckMs: 300,
    });
    using threads = watchThreads();

    await loseThread(pool, FLOWER);

    expect(threads.started).toHaveLength(1);
  });

  it('are replaced again as soon as one of the lost ones has ended', async () => {
    await using pool = await startTestPool({ stuckMs: 300 });
    const faults = prepareFaults(); // of those that take over
    await loseThread(pool, FLOWER);
    for (const petalWidth of [1, 2])
      await loseThread({ ...pool, faults }, { ...FLOWER, petalWidth });
    const answer = pool.ask();

    pool.faults.open(); // for the first of three

    expect((await answer).version).toBe('1');
    expect(pool.countWork().lost).toBe(2);
    faults.open();
  });

  it('are started until one does, with pauses that grow until then', async () => {
    await using pool = await startTestPool();
    pool.faults.refuseStarts(2);
    expect((await pool.ask(FAULTS.crashOnce)).version).toBe('1');
    pool.faults.refuseStarts(1);
    await pool.ask(FAULTS.exitAfterwards);
    expect((await pool.ask()).version).toBe('1');

    const pauses = pool.log.entries.flatMap(
      ({ details }) => Reflect.get(details, 'pauseMs') ?? [],
    );
    expect(pool.messages()[0]).toBe('worker lost');
    expect(pauses).toEqual([100, 200, 100]);
  });

  it('are not started before a pause is over, and no pause takes more than ten seconds or keeps the process alive', async () => {
    await using pool = await startTestPool();
    using threads = watchThreads();
    using held = holdPauses();
    const pauses = [100, 200, 400, 800, 1600, 3200, 6400, 10_000];
    pool.faults.refuseStarts(pauses.length);
    const answer = pool.ask(FAULTS.crashOnce);

    for (const [index, milliseconds] of pauses.entries()) {
      await waitUntil('it pauses', () => held.pauses.length > index);
      expect(held.pauses[index]).toMatchObject({
        milliseconds,
        options: { ref: false },
      });
      expect(threads.started).toHaveLength(index + 1);
      held.pauses[index]?.end();
    }

    expect((await answer).version).toBe('1');
  });

  it('that are free take over the rows of a lost one at once', async () => {
    await using pool = await startTestPool({ threads: 2 });
    pool.faults.refuseStarts(1000);

    expect((await pool.ask(FAULTS.crashOnce)).version).toBe('1');

    expect(pool.countWork().serving).toBe(1);
    pool.faults.refuseStarts(0);
  });

  it('are left to end by themselves while they are inside ONNX Runtime', async () => {
    const count = 2 ** 12;
    await using pool = await startTestPool({
      model: await createLargeModel(2048),
      maxBatch: count,
      maxWaiting: count,
      stuckMs: 20,
    });
    const deadline = new AbortController();
    const requests = Array.from({ length: count }, () =>
      pool.ask(5, deadline.signal).catch(() => 'late'),
    );
    await pool.faults.batchesBegun(1);
    deadline.abort();
    await Promise.all(requests);

    await waitUntil(
      'it is replaced',
      () => pool.countWork().idle === 1,
    );

    expect(pool.messages()).toEqual(['worker lost']);
    await waitUntil(
      'the lost one has ended',
      () => pool.countWork().lost === 0,
    );
  });

  it('get accepted requests answered until the time is up', async () => {
    await using pool = await startTestPool({ stopMs: 50 });
    const running = [pool.ask(FAULTS.wait), pool.ask()];
    await pool.faults.batchesBegun(1);
    const gone = new AbortController();
    const late = pool.ask(5, gone.signal);

    const stopped = pool.stop();
    gone.abort(); // one that is not answered does not end the wait
    await expect(late).rejects.toThrow('aborted');

    for (const answer of running)
      await expect(answer).rejects.toMatchObject({
        status: 503,
        code: 'stopping',
        retryAfterSeconds: 1,
      });
    await stopped;
    expect(pool.messages()).toEqual(['threads do not end']);
  });

  it('have five seconds for answers and five to end, and no timer keeps the process alive', async () => {
    await using pool = await startTestPool({ threads: 2 });
    using held = holdPauses();

    await pool.stop();

    const pause = { milliseconds: 5000, options: { ref: false } };
    expect(held.pauses).toMatchObject([pause, pause]);
    expect(pool.messages()).toEqual([]); // all have ended
    expect(pool.countWork().idle).toBe(0);
  });
});

describe('a server', () => {
  it('changes the model under load: every request is answered, by one version or the other', async () => {
    await using models = await startTestServer();
    await trainInto(models.folder, '2', { seed: 2 });
    const versions: string[] = [];
    let changed = false;
    async function askUntilChanged() {
      do {
        versions.push((await models.ask()).version);
      } while (!changed);
    }
    const load = Array.from({ length: 8 }, askUntilChanged);

    await models.reload();
    changed = true;
    await Promise.all(load);
    versions.push((await models.ask()).version);

    expect(versions).toEqual(versions.toSorted());
    expect(new Set(versions)).toEqual(new Set(['1', '2']));
  });

  it('loads twice when it is told twice, one after the other, and not after a stop', async () => {
    await using models = await startTestServer();
    const old = models.current();
    await trainInto(models.folder, '2');

    await Promise.all([models.reload(), models.reload()]);
    await waitUntil(
      'the threads of the old model have ended',
      () => old.countWork().serving === 0,
    );
    expect(models.messages()).toEqual(['model loaded', 'model loaded']);
    expect((await models.ask()).version).toBe('2');

    await models.stop();
    await models.reload();
    expect(models.messages()).toHaveLength(2);
    expect(models.current().countWork().serving).toBe(0);
  });

  it('stops while a model loads, and ends its threads should it ever be loaded', async () => {
    await using one = await startTestPool();
    await using two = await startTestPool();
    const loading = Promise.withResolvers<typeof two>();
    const starts = [Promise.resolve(one), loading.promise];
    const log = createTestLog();
    const models = await createModelServer({
      load: () => starts.shift() ?? loading.promise,
      log,
    });
    const reloaded = models.reload();
    await waitUntil('it loads', () => starts.length === 0);

    await models.stop();
    loading.resolve(two);
    await reloaded;

    await waitUntil(
      'its threads have ended',
      () => two.countWork().serving === 0,
    );
    expect(models.current()).toBe(one);
    expect(log.entries).toEqual([]);
  });

  it('loads nothing once it is told to stop', async () => {
    await using pool = await startTestPool();
    const load = vi.fn(async () => pool);
    const log = createTestLog();
    const models = await createModelServer({ load, log });
    const last = pool.ask(FAULTS.wait);
    await pool.faults.batchesBegun(1);

    const stopped = models.stop();
    await models.reload();

    expect(load).toHaveBeenCalledTimes(1);
    pool.faults.open();
    expect((await last).version).toBe('1');
    await stopped;
  });

  it('does not start with a model that it must not serve', async () => {
    await using files = await createTestFolder();
    await files.write('model.onnx', 'no model');
    const models = createModelServer({
      load: async () =>
        startTestPool({ model: await readModel(files.folder) }),
      log: createTestLog(),
    });

    await expect(models).rejects.toThrow('not the file of its card');
  });
});

type TestPool = Awaited<ReturnType<typeof startTestPool>>;

/** A row that does not come back takes a thread with it; its client goes. */
async function loseThread(
  { predict, faults, countWork }: TestPool,
  flower: object,
) {
  const { lost } = countWork();
  const before = faults.batches();
  const deadline = new AbortController();
  const row = { ...flower, sepalLength: FAULTS.wait };
  const stuck = predict(row, deadline.signal);
  void stuck.catch(() => {});
  await faults.batchesBegun(before + 1);
  deadline.abort();
  await waitUntil('it is lost', () => countWork().lost > lost);
}

/** A network that was not trained, of these sizes. */
function networkOf(inputs: number, classes: number): Uint8Array {
  const bias = Array<number>(classes).fill(0);
  return toOnnx({
    mean: Array<number>(inputs).fill(0),
    deviation: Array<number>(inputs).fill(1),
    layers: [
      { weights: Array.from({ length: inputs }, () => bias), bias },
    ],
  });
}

/** Keeps the event loop busy. */
function block(milliseconds: number) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
