import { readFile, writeFile } from 'node:fs/promises';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createFlowerClient } from './test-app.ts';
import { createTestFolder } from './test-folder.ts';
import { trainInto } from './train-model.ts';

await using files = await createTestFolder();
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { MODEL_FOLDER: files.folder.pathname, PORT: '0', THREADS: '2' },
);
const client = createFlowerClient(program.url);

await show('POST /predictions');
await show('a petal -50 cm long', { petalLength: -50 });
await show('a petal NaN cm long', { petalLength: Number.NaN });
const answers = await Promise.all(
  Array.from({ length: 100 }, () => client.predict()),
);
const right = answers.filter(({ status }) => status === 200);
console.log(`100 at once: ${right.length} answered`);

const file = new URL('model.onnx', files.folder);
const half = (await readFile(file)).subarray(0, 200);
await writeFile(file, half);
await program.signal('SIGHUP');
await waitUntil('it is refused', () =>
  program.read().errors.includes('model refused'),
);
console.log('half of a new file, SIGHUP: model refused');
await show('POST /predictions');

await trainInto(files.folder, '2', { seed: 2 });
await program.signal('SIGHUP');
await waitUntil('it is loaded', async () => {
  return (await client.model()).body.version === '2';
});
console.log('the complete file, SIGHUP: model loaded');
await show('POST /predictions');
console.log(`SIGTERM: exit code ${await program.kill('SIGTERM')}`);

async function show(what: string, change: object = {}) {
  const { status, body } = await client.predict(change);
  const { label, version, code } = body;
  const said = code ?? `${label}, by version ${version}`;
  console.log(`${what}: ${status} ${said}`);
}
