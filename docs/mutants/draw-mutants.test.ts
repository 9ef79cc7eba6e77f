import { expect, it } from 'vitest';
import { linkSource } from '../source-links.ts';
import { drawMutants } from './draw-mutants.ts';
import { type FileMutants, groupMutants, type Survivor } from './mutants.ts';
import { SAMPLE_RECORD } from './sample-record.ts';

const [due] = groupMutants(SAMPLE_RECORD) as [FileMutants];
const [survivor] = due.survived as [Survivor];
const html = drawMutants('jobs/due', due);

it('shows a survivor as a diff, with what it means and its place in the repository', () => {
  const url = linkSource('examples/jobs/due/due.ts#L2');
  const place = url ? `<a href="${url}">due.ts:2</a>` : 'due.ts:2';
  expect(html).toContain(`<p>${place} <code>&lt;=</code> became <code>&lt;</code></p>`);
  expect(html).toContain(
    '<del>- return at &lt;= now;\n</del><ins>+ return at &lt; now;\n</ins></code></pre>',
  );
});

it('gives the reason why a mutant is equivalent', () => {
  expect(html).toContain('The caller only asks whether <code>rest</code> > 0');
});

it('takes a backtick inside of code for a part of it', () => {
  expect(html).toContain('<code>await pool.query( `delete from due` )</code> is gone');
});

it('says how many there are of each kind, and nothing of a kind that has none', () => {
  const titles = (drawn: string) => [...drawn.matchAll(/<summary>(\d+ \w+)/g)].map(([, at]) => at);
  expect(titles(html)).toEqual(['1 survived', '1 caught', '1 equivalent']);
  expect(titles(drawMutants('jobs/due', { ...due, survived: [] }))).toEqual([
    '1 caught',
    '1 equivalent',
  ]);
});

it('folds a long list and a long diff, and no short one', () => {
  const survived = Array.from({ length: 13 }, () => survivor);
  const was = Array.from({ length: 13 }, (_, line) => `line${line}();`).join('\n');
  const alone = { ...due, caughtByOthers: [], equivalents: [] };

  expect(drawMutants('jobs/due', alone)).toMatch(/<details open><summary>1 survived/);
  expect(drawMutants('jobs/due', { ...alone, survived })).toMatch(/<details><summary>13 survived/);
  expect(drawMutants('jobs/due', { ...alone, survived: [{ ...survivor, was, now: '' }] })).toMatch(
    /<details><summary>13 lines<\/summary><pre/,
  );
});
