import { readModel } from './model-file.ts';
import { startModelPool } from './model-pool.ts';

// A program without `import.meta`, so that CommonJS can be made of it.
void predictOnce(process.env);

async function predictOnce(environment: NodeJS.ProcessEnv) {
  const {
    MODEL_FOLDER = '',
    WORKER_FILE = '',
    FLOWER = '',
  } = environment;
  const pool = await startModelPool({
    model: await readModel(new URL(MODEL_FOLDER)),
    workerFile: new URL(WORKER_FILE),
    stuckMs: 60_000,
    log: console,
  });
  const signal = AbortSignal.timeout(60_000);
  const { label } = await pool.predict(JSON.parse(FLOWER), signal);
  console.log(label);
  await pool.stop();
}
