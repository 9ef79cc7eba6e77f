import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { FAULTS } from '@touchstone/kit/models/faults';
import {
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { createFlowerClient, startTestApp } from './test-app.ts';
import { createTestFolder } from './test-folder.ts';
import { FLOWER } from './test-pool.ts';
import { trainInto } from './train-model.ts';

const FORMATS = [
  ['esm', '.mjs'],
  ['cjs', '.cjs'],
] as const;

it('answers with the label, the probabilities and the version', async () => {
  await using app = await startTestApp();

  const { status, body } = await app.predict();

  expect(status).toBe(200);
  expect(body).toEqual({
    label: 'versicolor',
    probabilities: {
      setosa: expect.any(Number),
      versicolor: expect.any(Number),
      virginica: expect.any(Number),
    },
    version: '1',
  });
});

it('answers other requests while the model computes', async () => {
  await using app = await startTestApp();
  const running = app.predict({ sepalLength: FAULTS.wait });
  await app.faults.batchesBegun(1);

  expect((await app.read('/livez')).status).toBe(200);
  expect((await app.read('/readyz')).status).toBe(200);
  expect((await app.model()).body).toMatchObject({
    version: '1',
    work: { serving: 1, idle: 0, waiting: 0 },
  });
  app.faults.open();
  expect((await running).status).toBe(200);
});

it('answers 504 at the deadline to a body that trickles in', async () => {
  const deadline = new AbortController();
  const arrived = Promise.withResolvers<void>();
  await using app = await startTestApp({
    createDeadline() {
      arrived.resolve();
      return deadline.signal;
    },
  });
  const sent = request(`${app.url}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  sent.write('{"sepalLength":');
  await arrived.promise;

  deadline.abort();

  const [response] = await once(sent, 'response');
  expect(response.statusCode).toBe(504);
  sent.destroy();
});

it('answers 504 to a request whose deadline has passed when it comes', async () => {
  await using app = await startTestApp({
    createDeadline: () => AbortSignal.abort(),
  });

  expect(await app.predict()).toMatchObject({
    status: 504,
    body: { code: 'deadline_exceeded' },
  });
  expect(app.faults.rows()).toBe(0);
});

it('loads a new model on SIGHUP, and ends in order on SIGTERM', async () => {
  await using files = await createTestFolder();
  await using program = await startProgram(
    new URL('main.ts', import.meta.url),
    { MODEL_FOLDER: files.folder.pathname, PORT: '0' },
  );
  const client = createFlowerClient(program.url);
  await trainInto(files.folder, '2', { seed: 2 });

  await program.signal('SIGHUP');
  await waitUntil('the new model serves', async () => {
    return (await client.model()).body.version === '2';
  });

  expect((await client.predict()).body.version).toBe('2');
  expect(await program.kill('SIGTERM')).toBe(0);
});

it('finds its worker when both are bundled, as ESM and as CommonJS', async () => {
  await using files = await createTestFolder();
  for (const [format, extension] of FORMATS) {
    const folder = new URL(`.data/bundle-${format}/`, import.meta.url);
    await build({
      absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
      entryPoints: ['test-bundled.ts', 'model-worker.ts'],
      outdir: fileURLToPath(folder),
      outExtension: { '.js': extension },
      bundle: true,
      format,
      platform: 'node',
      packages: 'external',
    });
    const program = new URL(`test-bundled${extension}`, folder);
    const { errors, output } = await runProgram(program, {
      MODEL_FOLDER: files.folder.href,
      WORKER_FILE: new URL(`model-worker${extension}`, folder).href,
      FLOWER: JSON.stringify(FLOWER),
    });
    expect({ output, errors }).toEqual({
      output: 'versicolor\n',
      errors: '',
    });
    await rm(folder, { recursive: true });
  }
});
