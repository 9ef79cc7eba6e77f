import { chooseWorkspaces } from '../bootstrap/choose-workspaces.mjs';
import { installMissing } from '../bootstrap/install-missing.mjs';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { runCommand, UsageError } from '../command.ts';
import { createPattern } from '../create-pattern.ts';
import { listPatterns, ROOT } from '../repository.ts';

const usage = `npm run new <area>/<slug>     a new pattern and its example, which pass npm test at once`;

await runCommand({
  usage,
  async main({ words: [id, ...others] }) {
    if (!id || others.length > 0)
      throw new UsageError('name one pattern: npm run new <area>/<slug>');
    if (listPatterns(ROOT).includes(id)) throw new UsageError(`${id} is there already`);
    createPattern(ROOT, id);
    return (await complete(id)) ? 0 : 2;
  },
});

/** Links the new package, formats the files for their new names, and writes the proof into the page. */
async function complete(id: string): Promise<boolean> {
  const { problem } = await installMissing(ROOT, chooseWorkspaces(ROOT, 'prove', [id]));
  if (problem) throw new UsageError(problem);
  const run = async (...words: string[]) => (await runForeground(process.execPath, words)) === 0;
  const done =
    (await run('node_modules/@biomejs/biome/bin/biome', 'check', '--write', `examples/${id}`)) &&
    (await run('scripts/commands/prove.ts', id)) &&
    (await run('scripts/commands/sync.ts', id));
  if (done) console.log(describeNext(id));
  return done;
}

function describeNext(id: string): string {
  return `
patterns/${id}.md     what to read
examples/${id}/       what to run

It counts, for a start. Make it yours:
  1. write the pattern and its failures in examples/${id}/
  2. npm run prove ${id}     runs the tests and records which lines they ran
  3. npm run sync ${id}      puts code, output and tables into the page
  4. npm test ${id}          all that this pattern can break`;
}
