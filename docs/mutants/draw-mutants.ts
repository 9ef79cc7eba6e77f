import { examplePath } from '../../scripts/pattern/ids.ts';
import { describeCount } from '../../scripts/text/describe-count.ts';
import { linkSource } from '../source-links.ts';
import { escapeHtml } from '../text/escape-html.ts';
import { type DiffLine, diffLines } from './diff-lines.ts';
import type { EquivalentMutant, FileMutants, Survivor } from './mutants.ts';

type Mutant = Survivor | EquivalentMutant;

/** More mutants than this are folded, and so is a diff of more lines. */
const MOST_UNFOLDED = 12;

/** Draws the mutants of one file under its heading: those that survived, those that only other tests catch, and the equivalent ones. */
export function drawMutants(id: string, mutants: FileMutants): string {
  const { file, survived, caughtByOthers, equivalents } = mutants;
  return [
    `<h2 id="${nameAnchor(file)}">${escapeHtml(file)}</h2>`,
    drawGroup(id, `${survived.length} survived: every test passes`, survived),
    drawGroup(
      id,
      `${caughtByOthers.length} caught only by tests that you do not copy`,
      caughtByOthers,
    ),
    drawGroup(id, `${equivalents.length} equivalent: no test can detect the change`, equivalents),
  ].join('');
}

/** The anchor of a file: `tables/jobs.sql` becomes `tables-jobs-sql`. */
export const nameAnchor = (file: string): string => file.replaceAll(/[^a-z0-9]+/gi, '-');

function drawGroup(id: string, title: string, mutants: Mutant[]): string {
  if (mutants.length === 0) return '';
  const open = mutants.length <= MOST_UNFOLDED ? ' open' : '';
  const items = mutants.map((mutant) => `<li>${drawMutant(id, mutant)}</li>`).join('');
  return `<details${open}><summary>${title}</summary><ul class="mutants">${items}</ul></details>`;
}

function drawMutant(id: string, mutant: Mutant): string {
  const { file, line, meaning, was, now } = mutant;
  const url = linkSource(`${examplePath(id, file)}#L${line}`);
  const name = `${escapeHtml(file)}:${line}`;
  const place = url ? `<a href="${escapeHtml(url)}">${name}</a>` : name;
  const explanation = explain(mutant);
  return [
    `<p>${place} ${markCode(meaning, QUOTED_CODE)}</p>`,
    drawDiff(diffLines(was, now)),
    explanation && `<p>${explanation}</p>`,
  ].join('');
}

function explain(mutant: Mutant): string {
  return 'reason' in mutant ? markCode(mutant.reason, CODE) : '';
}

function drawDiff(lines: DiffLine[]): string {
  const code = `<pre class="diff"><code class="language-diff">${lines.map(drawLine).join('')}</code></pre>`;
  if (lines.length <= MOST_UNFOLDED) return code;
  return `<details><summary>${describeCount(lines.length, 'line')}</summary>${code}</details>`;
}

const TAGS = { '-': 'del', '+': 'ins', ' ': 'span' };

function drawLine({ mark, text }: DiffLine): string {
  return `<${TAGS[mark]}>${mark} ${escapeHtml(text)}\n</${TAGS[mark]}>`;
}

/** What an author has in backticks. */
const CODE = /`([^`]+)`/g;

/** Code of a meaning may hold a template string: its last backtick is the one before the next word. */
const QUOTED_CODE = /`(.*?)`(?=\s[a-z]|$)/g;

const markCode = (text: string, code: RegExp): string =>
  escapeHtml(text).replaceAll(code, '<code>$1</code>');
