import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stemmer } from 'stemmer';
import { ROOT } from '../../scripts/files/root.ts';

/** A word that fewer texts have counts as rare. */
const LEAST_TEXTS = 4;

/**
 * Run by hand, seldom: counts in how many READMEs of the installed packages a word stands, as a
 * measure of how common it is in technical English. The result is kept, so that a search does
 * not change with what is installed.
 */
const texts = globSync('node_modules/{*,@*/*}/[Rr][Ee][Aa][Dd][Mm][Ee].md', { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .filter((text) => text.length > 800);

const counts = new Map<string, number>();
for (const text of texts)
  for (const word of new Set(
    text.match(/[A-Za-z]{2,20}/g)?.map((word) => stemmer(word.toLowerCase())),
  ))
    counts.set(word, (counts.get(word) ?? 0) + 1);

const kept = [...counts]
  .filter(([, count]) => count >= LEAST_TEXTS)
  .sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(
  join(import.meta.dirname, 'common-words.json'),
  `${JSON.stringify({ texts: texts.length, counts: Object.fromEntries(kept) })}\n`,
);
console.log(`counted ${kept.length} words in ${texts.length} texts`);
