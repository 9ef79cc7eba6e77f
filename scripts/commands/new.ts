import { chooseWorkspaces } from '../bootstrap/choose-workspaces.mjs';
import { installMissing } from '../bootstrap/install-missing.mjs';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { createPattern } from '../pattern/create-pattern.ts';
import { examplePath, pagePath } from '../pattern/ids.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';

const usage = `npm run new <area>/<slug>     a new pattern and its example, which pass npm test at once`;

await runCommand({
  usage,
  async main({ words: [id, ...others] }) {
    if (!id || others.length > 0)
      throw new UsageError('name one pattern: npm run new <area>/<slug>');
    if (listPatternIds(ROOT).includes(id)) throw new UsageError(`${id} exists already`);
    createPattern(ROOT, id);
    return (await complete(id)) ? 0 : 2;
  },
});

/** Links the new package, formats the files for their new names, proves it and writes its page. */
async function complete(id: string): Promise<boolean> {
  const { problem } = await installMissing(ROOT, chooseWorkspaces(ROOT, 'prove', [id]));
  if (problem) throw new UsageError(problem);
  const run = async (...words: string[]) => (await runForeground(process.execPath, words)) === 0;
  const done =
    (await run('node_modules/@biomejs/biome/bin/biome', 'check', '--write', examplePath(id))) &&
    (await run('scripts/commands/prove.ts', id));
  if (done) console.log(describeNext(id));
  return done;
}

function describeNext(id: string): string {
  return `
${pagePath(id)}     what to read
${examplePath(id)}/       what to run

It counts, for a start. Make it yours:
  1. write the pattern and its failures in ${examplePath(id)}/
  2. npm run prove ${id}     runs the tests, records which lines they ran, and updates the page
  3. npm run sync ${id}      updates the page after a change to it
  4. npm test ${id}          all that this pattern can break`;
}
