import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { toOnnx } from '@touchstone/kit/models/onnx';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { startTestApp } from './test-app.ts';
import { type Answer, FLOWER } from './test-client.ts';
import { FAULTS } from './test-faults.ts';
import { startTestServer } from './test-folder.ts';
import { startTestPool } from './test-pool.ts';
import { describeModel, writeModel } from './train-model.ts';

failure(
  'The input has the wrong shape, or NaN, or what no flower has',
  {
    symptom:
      '400 `invalid_request`, with a pointer to each wrong feature; the model computes nothing',
    defence: 'input-from-card',
    remains:
      'An input in range may still be unlike all that the model has seen: watch its distribution',
  },
  async () => {
    await using app = await startTestApp();
    const { petalWidth, ...short } = FLOWER;
    const bodies = [
      [5.9, 3, 4.2, 1.5],
      short,
      { ...FLOWER, colour: 3 },
      { ...FLOWER, petalWidth: `${petalWidth}` },
      { ...FLOWER, petalWidth: Number.NaN }, // in JSON it is null
      { ...FLOWER, petalWidth: -1 },
      { ...FLOWER, petalWidth: 150 },
    ].map((body) => JSON.stringify(body));
    const infinite = bodies[1]?.replace('}', ',"petalWidth":1e999}');

    for (const body of [
      ...bodies,
      infinite ?? '',
      '{"petalWidth":NaN}',
    ])
      expect(await app.predictText(body), body).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });

    expect((await app.predict()).status).toBe(200);
    expect(app.faults.rows()).toBe(1);
  },
);

failure(
  'The model is slower than the deadline, and one batch never comes back',
  {
    symptom:
      '504 `deadline_exceeded` at the deadline; the log has `worker lost`, and another thread takes over',
    defence: 'run-a-batch',
    remains:
      'Nothing stops a native call: its core is busy until it returns, and a stop of the program waits for it',
  },
  async () => {
    const deadlines = Array.from(
      { length: 2 },
      () => new AbortController(),
    );
    const signals = deadlines.map(({ signal }) => signal);
    await using app = await startTestApp({
      slowMilliseconds: 1000,
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
    expect(app.pool.log.messages).toEqual(['worker lost']);
    expect(app.faults.rows()).toBe(2); // the late one is not repeated
    app.faults.open();
    await waitUntil(
      'the stuck thread has ended',
      () => app.pool.countWork().threads === 1,
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
      'Whoever can write both files can change both: sign the card where that matters',
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

    expect(models.log.messages).toEqual(Array(4).fill('model refused'));
    await models.write('card.json', text);
    await models.reload();
    expect(await models.ask()).toEqual({ ...before, version: '2' });
  },
);

failure(
  'The new file is whole, but it is not the model of its card',
  {
    symptom:
      'The log has `model refused`; no request ever reaches the new model',
    defence: 'check-examples',
    remains:
      'A model that is worse, but as it was in training, is loaded: compare versions on live traffic',
  },
  async () => {
    await using models = await startTestServer();
    const before = await models.ask();
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
    }
    expect(models.log.messages).toEqual(Array(3).fill('model refused'));
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
    const batch = [FAULTS.crashOnce, 5, 5, 5].map((row) =>
      pool.ask(row),
    );
    await pool.faults.batchesBegun(1);
    const behind = Array.from({ length: 4 }, () => pool.ask());

    const answers = await Promise.all([...batch, ...behind]);

    expect(answers.map(({ length }) => length)).toEqual(
      Array(8).fill(3),
    );
    expect(pool.log.messages).toEqual(['worker lost']);
    expect(pool.faults.rows()).toBe(4 + 4 + 4);
  },
);

failure(
  'One request ends every worker that it reaches',
  {
    symptom:
      '503 `worker_lost` for that request alone; the others of its batch are answered',
    defence: 'batch-what-waits',
    remains:
      'It costs two workers each time it is sent: log such inputs, and refuse them in the schema',
  },
  async () => {
    await using pool = await startTestPool();

    const answers = await Promise.allSettled(
      [5, FAULTS.crash, 5, FAULTS.exit, 5].map((row) => pool.ask(row)),
    );

    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(answers[1]).toMatchObject({
      reason: { code: 'worker_lost' },
    });
    expect(pool.log.messages).toEqual(Array(3).fill('worker lost'));
    expect(await pool.ask()).toHaveLength(3);
  },
);

failure(
  'A worker leaks memory',
  {
    symptom:
      'No request is lost; the log has `worker holds too much memory` each time that a thread is replaced',
    defence: 'serve-a-batch',
    remains:
      'What native code leaks shows only in the memory of the process: restart that on a limit of its own',
  },
  async () => {
    const limit = 2 ** 26;
    await using pool = await startTestPool({ maxThreadBytes: limit });

    for (let count = 0; count < 30; count++)
      expect(await pool.ask(FAULTS.leak)).toHaveLength(3);

    expect(pool.faults.rows()).toBe(30);
    const { messages } = pool.log;
    expect(new Set(messages)).toEqual(
      new Set(['worker holds too much memory']),
    );
    expect(messages.length).toBeGreaterThanOrEqual(3);
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
    const answers: Answer[] = [];
    const burst = Array.from({ length: 160 }, async () => {
      answers.push(await app.predict());
    });

    await waitUntil(
      'all others are told',
      () => answers.length === 144,
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([503]),
    );
    expect(answers[0]).toMatchObject({
      retryAfter: '1',
      body: { code: 'overloaded' },
    });
    expect(app.faults.rows()).toBe(1); // the thread has not moved
    app.faults.open();
    await Promise.all([running, ...burst]);

    const accepted = answers.slice(144).map(({ status }) => status);
    expect(accepted).toEqual(Array(16).fill(200));
    expect(app.faults.batches()).toBe(1 + 2); // none waited for more
  },
);

failure(
  'It is stopped while it works',
  {
    symptom:
      'New requests get 503 `stopping`; what was accepted is answered, then the threads end',
    defence: 'drain',
    remains:
      'SIGKILL, or a process that exits while a thread is in native code, loses what is under way',
  },
  async () => {
    await using pool = await startTestPool();
    const accepted = [pool.ask(FAULTS.wait)];
    await pool.faults.batchesBegun(1);
    accepted.push(...Array.from({ length: 5 }, () => pool.ask()));

    const stopped = pool.stop();
    await expect(pool.ask()).rejects.toMatchObject({
      status: 503,
      code: 'stopping',
    });
    expect(pool.countWork()).toEqual({
      threads: 1,
      idle: 0,
      waiting: 5,
    });
    pool.faults.open();

    expect(await Promise.all(accepted)).toHaveLength(6);
    await stopped;
    expect(pool.countWork()).toEqual({
      threads: 0,
      idle: 0,
      waiting: 0,
    });
  },
);

failure(
  'A client goes away before its turn',
  {
    symptom:
      'Its place in the queue is free at once; nothing is computed',
    defence: 'admit-or-shed',
    remains:
      'A row that is in a batch already is computed with it, for nobody',
  },
  async () => {
    await using app = await startTestApp({ maxWaiting: 1 });
    const running = app.predict({ sepalLength: FAULTS.wait });
    await app.faults.batchesBegun(1);
    const client = new AbortController();
    const gone = app.predict({}, client.signal).catch(() => 'gone');
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

/** A network that nobody trained, of these sizes. */
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
