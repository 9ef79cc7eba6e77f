import type { Finding } from '../../scripts/engine/findings.ts';
import { pagePath } from '../../scripts/pattern/ids.ts';
import { BUDGETS } from '../generate/budgets.ts';
import { countTokens } from '../generate/count-tokens.ts';
import { readText, type ToolTexts } from './read-tool-texts.ts';

type Cost = { file: string; what: string; most: number; unit: string; cost: number; fix: string };

/** Finds the texts that cost more than a reader was promised. */
export function checkBudgets(root: string, texts: ToolTexts): Finding[] {
  const agents = readText(root, 'AGENTS.md');
  return [
    ...texts.patterns.flatMap(({ committed, brief }) => [
      toCost(pagePath(committed.id), 'the brief text', brief, {
        most: BUDGETS.brief,
        fix: 'shorten summary, useWhen or notWhen',
      }),
      toCost(pagePath(committed.id), 'the standard text', committed.standard, {
        most: BUDGETS.standard,
        fix: 'shorten the invariants or the titles of the failures: code is left out already',
      }),
      // The full text leaves out sections until it fits: it can be too long only if the brief is.
    ]),
    ...[...texts.files].flatMap(([path, text]) => costCommitted(path, text)),
    ...(agents === undefined ? [] : costAgents(agents)),
  ].flatMap(compare);
}

function costCommitted(file: string, text: string): Cost[] {
  if (file.endsWith('/AGENTS.block.md'))
    return [
      toCost(file, 'the block', text, { most: BUDGETS.block.tokens, fix: 'name fewer patterns' }),
    ];
  if (file.endsWith('/SKILL.md'))
    return [toCost(file, 'the skill', text, { most: BUDGETS.skill.tokens, fix: 'split the area' })];
  return [];
}

function costAgents(text: string): Cost[] {
  const { tokens, lines, bytes } = BUDGETS.agents;
  const [file, what] = ['AGENTS.md', 'the file'];
  const fix = 'move what only some need to docs/content/docs/guides';
  const { length } = text.trimEnd().split('\n');
  return [
    toCost(file, what, text, { most: tokens, fix }),
    { file, what, most: lines, unit: 'lines', cost: length, fix },
    { file, what, most: bytes, unit: 'bytes', cost: Buffer.byteLength(text), fix },
  ];
}

const toCost = (
  file: string,
  what: string,
  text: string,
  { most, fix }: { most: number; fix: string },
): Cost => ({ file, what, most, unit: 'tokens', cost: countTokens(text), fix });

function compare({ file, what, most, unit, cost, fix }: Cost): Finding[] {
  if (cost <= most) return [];
  const message = `${what} has ${format(cost)} ${unit}, and ${format(most)} is the most`;
  return [{ code: 'budget-exceeded', file, line: 1, column: 1, message, fix }];
}

const format = (count: number): string => count.toLocaleString('en-US');
