import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ROOT } from '../files/root.ts';
import { describeFailure, stressTests } from './stress-tests.ts';

it('passes when the tests pass in every round', async () => {
  const selection = writeProject({
    'fine.test.js': `import { expect, it } from 'vitest';
      it('is fine', () => expect(1).toBe(1));`,
  });

  expect(await stress(selection, 2)).toEqual({ taken: 2, failures: [], isStopped: false });
});

it('counts how often each test failed, with its error', async () => {
  const rounds = JSON.stringify(join(makeFolder(), 'rounds'));
  const selection = writeProject({
    'unlucky.test.js': `import { appendFileSync, readFileSync } from 'node:fs';
      import { expect, it } from 'vitest';
      appendFileSync(${rounds}, '.');
      it('fails in every second round', () => expect(readFileSync(${rounds}).length % 2).toBe(1));
      it('is fine', () => {});`,
    'broken.test.js': `throw new Error('does not load');`,
    'stray.test.js': `import { it } from 'vitest';
      it('leaves an error behind', () => void Promise.reject(new Error('nobody caught this')));`,
  });

  const { taken, failures } = await stress(selection, 2);

  const texts = failures.map((failure) => describeFailure(failure, taken)).sort();
  expect(texts.map(stripVTControlCharacters)).toEqual([
    expect.stringMatching(/broken\.test\.js: failed in 2 of 2 rounds\n {4}[\s\S]*does not load/),
    expect.stringMatching(
      /unlucky\.test\.js > fails in every second round: failed in 1 of 2 rounds\n {4}[\s\S]*expected/,
    ),
    expect.stringMatching(
      /outside of any test: failed in 2 of 2 rounds\n[\s\S]*nobody caught this/,
    ),
  ]);
});

type Selection = Parameters<typeof stressTests>[0];

async function stress(selection: Selection, times: number) {
  vi.spyOn(console, 'log').mockReturnValue(undefined); // what it prints meanwhile
  onTestFinished(() => void vi.restoreAllMocks());
  return await stressTests(selection, { times, loopsPerCore: 1 });
}

/** A project of its own with these tests, which Vitest finds by a link. */
function writeProject(files: Record<string, string>): Selection {
  const root = makeFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'vitest.config.js'), 'export default {};');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return { other: { folder: ROOT, root }, reportFile: join(root, 'report.json') };
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-stress-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
