import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { paint } from '../command-line/paint.ts';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { describePattern, type PatternDescription } from '../pattern/describe-pattern.ts';
import { examplePath } from '../pattern/ids.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';

const usage = `npm run example                     lists what can be run
npm run example <id>                runs an example until Ctrl-C
npm run example <id> -- --demo      walks through it once and ends
npm run example <id> -- --naive     shows how the naive way fails`;

const PROGRAMS = { demo: 'demo.ts', naive: 'naive-demo.ts' } as const;

await runCommand({
  usage,
  options: { demo: { type: 'boolean' }, naive: { type: 'boolean' } },
  async main({ values, words }) {
    if (words.length === 0) return listExamples();
    const [id = '', ...others] = choosePatternIds(ROOT, words);
    if (others.length > 0) throw new UsageError('one example at a time');
    const [chosen, second] = (['demo', 'naive'] as const).filter((name) => values[name]);
    if (second) throw new UsageError('either --demo or --naive');
    return await runExample(id, chosen ? PROGRAMS[chosen] : 'main.ts');
  },
});

function listExamples(): number {
  const examples = listPatternIds(ROOT).filter((id) => existsSync(fileOf(id, 'main.ts')));
  const described = examples.map((id) => describePattern(ROOT, id));
  console.log('npm run example <id>\n');
  for (const line of alignColumns(described)) console.log(`  ${line}`);
  return 0;
}

function alignColumns(described: PatternDescription[]): string[] {
  const width = (key: 'id' | 'title') => Math.max(...described.map((one) => one[key].length));
  return described.map(({ id, title, needs }) =>
    [
      paint('cyan', id.padEnd(width('id'))),
      title.padEnd(width('title')),
      paint('dim', needs.join(', ')),
    ]
      .join('  ')
      .trimEnd(),
  );
}

async function runExample(id: string, program: string): Promise<number> {
  const file = fileOf(id, program);
  if (!existsSync(file)) throw new UsageError(`${relative(ROOT, file)} does not exist`);
  console.log(`${paint('bold', describePattern(ROOT, id).title)}  ${relative(ROOT, file)}`);
  const flags = program === 'main.ts' ? await makeSecrets(id) : [];
  if (program === 'main.ts') console.log(paint('dim', 'Ctrl-C stops it'));
  console.log();
  const cwd = join(ROOT, examplePath(id));
  return await runForeground(process.execPath, [...flags, file], { cwd });
}

/**
 * A program without its secrets does not start, and none of them may have a default: the first run
 * makes new ones that stay on this machine. Variables that are set already win over them.
 */
async function makeSecrets(id: string): Promise<string[]> {
  const maker = fileOf(id, 'secrets.ts');
  if (!existsSync(maker)) return [];
  const file = fileOf(id, '.data/secrets.env');
  if (!existsSync(file)) {
    const { stdout } = await promisify(execFile)(process.execPath, [maker]);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, stdout, { mode: 0o600 });
    console.log(paint('dim', `made its secrets: ${relative(ROOT, file)}`));
  }
  return [`--env-file=${file}`];
}

function fileOf(id: string, program: string): string {
  return join(ROOT, examplePath(id, program));
}
