import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { formatSeconds } from '../command-line/terminal.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { listMutants } from '../mutate/list-mutants.ts';
import { judgeMutants, recordTests } from '../mutate/mutate-example.ts';
import {
  buildMutationRecord,
  describeChange,
  type Equivalent,
  findUnmatched,
  type MutationRecord,
  parseEquivalents,
  parseMutationRecord,
} from '../mutate/mutation-record.ts';
import type { PlacedMutant, Verdict } from '../mutate/run-mutants.ts';
import { showProgress, tellCounts, tellSurvivor, tellUnmatched } from '../mutate/tell-mutants.ts';
import { readFrontmatter } from '../page/frontmatter.ts';
import { openKeys } from '../pattern/keys.ts';
import { readExample } from '../pattern/read-example.ts';

const usage = `npm run mutate -- <id> …          changes the code that you copy, one place at a time, asks the
                                 tests, prints what they let pass, and writes mutants.json
               --file <file>     the mutants of this file only; writes nothing
               --only survived   those only that survived the last time; writes nothing`;

type Choice = { file: string | undefined; onlySurvived: boolean };

await runCommand({
  usage,
  options: { file: { type: 'string' }, only: { type: 'string' } },
  async main({ values, words }) {
    if (words.length === 0) throw new UsageError('name the pattern: npm run mutate -- <id>');
    if (values.only !== undefined && values.only !== 'survived')
      throw new UsageError('--only takes "survived"');
    const file = typeof values.file === 'string' ? values.file : undefined;
    let unmatched = 0;
    for (const id of choosePatternIds(ROOT, words))
      unmatched += await mutate(id, { file, onlySurvived: values.only === 'survived' });
    return unmatched > 0 ? 1 : 0;
  },
});

/** Returns how many declarations of equivalent mutants fit nothing. */
async function mutate(id: string, choice: Choice): Promise<number> {
  const started = performance.now();
  const key = readKey(id); // read before: what is edited meanwhile was not judged
  const all = await listMutants(ROOT, { id, ...readTaken(id) });
  const mutants = choose(id, all, choice);
  console.error(`${id}: ${mutants.length} mutants; running the tests once as they are`);
  const records = await recordTests(id);
  const onVerdict = showProgress(mutants.length);
  const verdicts = await judgeMutants({ repository: ROOT, id, mutants, records, onVerdict });
  const equivalents = readEquivalents(id);
  const record = buildMutationRecord(key, verdicts, equivalents);
  const isWhole = mutants.length === all.length;
  const unmatched = isWhole ? findUnmatched(record, equivalents) : [];
  report(id, record, verdicts);
  for (const one of unmatched) console.log(tellUnmatched(id, one));
  if (isWhole) writeFileSync(recordFile(id), `${JSON.stringify(record, null, 2)}\n`);
  console.log(`${id}: ${tellCounts(record)}, ${formatSeconds(performance.now() - started)}`);
  return unmatched.length;
}

function report(id: string, { survivors }: MutationRecord, verdicts: Verdict[]): void {
  const judged = new Map(verdicts.map((verdict) => [nameOf(describeChange(verdict)), verdict]));
  for (const survivor of survivors) {
    const verdict = judged.get(nameOf(survivor));
    if (verdict) console.log(`${tellSurvivor(id, survivor, verdict)}\n`);
  }
}

type Named = { file: string; was: string; now: string };

function nameOf({ file, was, now }: Named): string {
  return JSON.stringify([file, was, now]);
}

function choose(id: string, all: PlacedMutant[], { file, onlySurvived }: Choice): PlacedMutant[] {
  const ofFile = file === undefined ? all : all.filter(({ path }) => path === file);
  if (ofFile.length === 0) throw new UsageError(describeNone(id, all, file));
  if (!onlySurvived) return ofFile;
  const { mutants: record } = readExampleOf(id);
  if (record === undefined)
    throw new UsageError(`${id} has no mutants.json yet: npm run mutate -- ${id}`);
  const survived = new Set(parseMutationRecord(record).survivors.map(nameOf));
  return ofFile.filter((mutant) => survived.has(nameOf(describeChange(mutant))));
}

function describeNone(id: string, all: PlacedMutant[], file: string | undefined): string {
  const files = [...new Set(all.map(({ path }) => path))].join(', ');
  return file === undefined
    ? `the page of ${id} names no files to copy`
    : `${file} has no mutants: a reader takes ${files}`;
}

function readEquivalents(id: string): Equivalent[] {
  const { equivalents } = readExampleOf(id);
  return equivalents === undefined ? [] : parseEquivalents(equivalents);
}

function readTaken(id: string) {
  const page = `patterns/${id}.md`;
  const { data } = readFrontmatter(page, readFileSync(join(ROOT, page), 'utf8'));
  if (!data) throw new UsageError(`the frontmatter of ${page} has faults: npm run check -- ${id}`);
  return { sources: readExampleOf(id).sources, files: data.files, yours: data.yours };
}

function readExampleOf(id: string) {
  const example = readExample(ROOT, id);
  if (!example) throw new UsageError(`there is no example examples/${id}`);
  return example;
}

function readKey(id: string): string {
  const page = readFileSync(join(ROOT, `patterns/${id}.md`), 'utf8');
  return openKeys(ROOT)({ id, sources: readExampleOf(id).sources, page }).proof.key;
}

function recordFile(id: string): string {
  return join(ROOT, 'examples', id, 'mutants.json');
}
