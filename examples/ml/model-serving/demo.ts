import { readFile, writeFile } from 'node:fs/promises';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { type Answer, createClient } from './test-client.ts';
import { createTestFolder } from './test-folder.ts';
import { trainInto } from './train-model.ts';

await using files = await createTestFolder();
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { MODEL_FOLDER: files.folder.pathname, PORT: '0', THREADS: '2' },
);
const client = createClient(program.url);

show('POST /predictions', await client.predict());
show('a petal -50 cm long', await client.predict({ petalLength: -50 }));
show(
  'a petal NaN cm long',
  await client.predict({ petalLength: Number.NaN }),
);
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
show('POST /predictions', await client.predict());

await trainInto(files.folder, '2', { seed: 2 });
await program.signal('SIGHUP');
await waitUntil('it is loaded', async () => {
  return (await client.model()).body.version === '2';
});
console.log('a whole one, SIGHUP: model loaded');
show('POST /predictions', await client.predict());
console.log(`SIGTERM: exit code ${await program.kill('SIGTERM')}`);

function show(what: string, { status, body }: Answer) {
  const { label, model, code } = body;
  const said = code ?? `${label}, by version ${model}`;
  console.log(`${what}: ${status} ${said}`);
}
