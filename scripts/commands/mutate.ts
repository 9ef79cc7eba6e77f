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
import {
  showProgress,
  tellCounts,
  tellKnown,
  tellSurvivor,
  tellUnmatched,
} from '../mutate/tell-mutants.ts';
import { openVerdictMemory, type VerdictMemory } from '../mutate/verdict-memory.ts';
import { readFrontmatter } from '../page/frontmatter.ts';
import { openKeys } from '../pattern/keys.ts';
import { readExample } from '../pattern/read-example.ts';

const usage = `npm run mutate -- <id> …          changes the code that you copy, one place at a time, asks the
                                 tests, prints what they let pass, and writes mutants.json
               --file <file>     the mutants of this file only; writes nothing
               --only survived   those only that survived the last time; writes nothing
               --anew            asks about each mutant; else what an earlier run on this machine
                                 found is taken over, as long as nothing that it depends on changed`;

type Choice = { file: string | undefined; onlySurvived: boolean; anew: boolean };

await runCommand({
  usage,
  options: { file: { type: 'string' }, only: { type: 'string' }, anew: { type: 'boolean' } },
  async main({ values, words }) {
    if (words.length === 0) throw new UsageError('name the pattern: npm run mutate -- <id>');
    if (values.only !== undefined && values.only !== 'survived')
      throw new UsageError('--only takes "survived"');
    const file = typeof values.file === 'string' ? values.file : undefined;
    const choice = { file, onlySurvived: values.only === 'survived', anew: values.anew === true };
    let unmatched = 0;
    for (const id of choosePatternIds(ROOT, words)) unmatched += await mutate(id, choice);
    return unmatched > 0 ? 1 : 0;
  },
});

/** Returns how many declarations of equivalent mutants fit nothing. */
async function mutate(id: string, choice: Choice): Promise<number> {
  const started = performance.now();
  const key = readKey(id); // read before: what is edited meanwhile was not judged
  const all = await listMutants(ROOT, { id, ...readTaken(id) });
  const mutants = choose(id, all, choice);
  const verdicts = await judge(id, mutants, choice);
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

/** The verdicts in the order of the mutants; asks the tests only about what is not known from before. */
async function judge(id: string, mutants: PlacedMutant[], { anew }: Choice): Promise<Verdict[]> {
  const memory = openMemory(id);
  const known = new Map(
    (anew ? [] : mutants).flatMap((mutant) => {
      const verdict = memory.recall(mutant);
      return verdict ? [[mutant, verdict] as const] : [];
    }),
  );
  const unknown = mutants.filter((mutant) => !known.has(mutant));
  console.error(tellKnown(id, mutants.length, known.size));
  if (unknown.length === 0) return [...known.values()];
  const records = await recordTests(id);
  const show = showProgress(unknown.length);
  function onVerdict(verdict: Verdict) {
    memory.remember(verdict);
    show(verdict);
  }
  const fresh = await judgeMutants({
    repository: ROOT,
    id,
    mutants: unknown,
    records,
    onVerdict,
  });
  return mutants.flatMap((mutant) => known.get(mutant) ?? fresh[unknown.indexOf(mutant)] ?? []);
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
  return openKeys(ROOT)({ id, sources: readExampleOf(id).sources, page: readPage(id) }).proof.key;
}

function openMemory(id: string): VerdictMemory {
  const file = join(ROOT, '.cache/verdicts', `${id}.jsonl`);
  const { sources } = readExampleOf(id);
  return openVerdictMemory({ file, root: ROOT, id, sources, page: readPage(id) });
}

function readPage(id: string): string {
  return readFileSync(join(ROOT, `patterns/${id}.md`), 'utf8');
}

function recordFile(id: string): string {
  return join(ROOT, 'examples', id, 'mutants.json');
}
