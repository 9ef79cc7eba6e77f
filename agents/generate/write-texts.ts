import {
  cleanBody,
  listInvariants,
  listSections,
  listSourceFences,
  nameNeeds,
  type TextSection,
  writeChoice,
  writeItems,
} from '../../scripts/page/machine-text.ts';
import { nameCopiedTest } from '../../scripts/pattern/copied-tests.ts';
import { NPX } from '../library/package-name.ts';
import { nameMigration, sayGrant } from '../library/say-migrations.ts';
import type { Detail } from '../library/types.ts';
import { BUDGETS } from './budgets.ts';
import { countTokens } from './count-tokens.ts';
import { describeMigrations } from './describe-migrations.ts';
import { findNestNote } from './find-nest-note.ts';
import { TESTS } from './own-files.ts';
import type { SourcePattern } from './read-pattern.ts';

/** The texts of a pattern for who reads by the token, each within its budget where that can be. */
export function writeTexts(pattern: SourcePattern): Record<Detail, string> {
  const sections = readSections(pattern);
  return {
    brief: writeBrief(pattern),
    standard: writeStandard(pattern, sections),
    full: writeFull(pattern, sections),
  };
}

/** The sections of a page as they go into texts: words say what diagrams show, only a clone runs examples, and the tests have the name of their copy. */
const readSections = ({ body }: SourcePattern): TextSection[] =>
  listSections(
    cleanBody(body, { diagrams: false }).replaceAll(TESTS, nameCopiedTest(TESTS)),
  ).filter(({ name }) => name !== 'Run it');

/** What one chooses by. */
export function writeBrief({ id, data }: SourcePattern): string {
  const { title, summary, level, needs, requires } = data;
  return joinParts([
    `# ${title}`,
    summary,
    `Level ${level} of 4, needs ${nameNeeds(needs)}${sayRequired(requires)}. Add it: \`${NPX} add ${id}\``,
    ...writeChoice(data),
  ]);
}

const sayRequired = (ids: string[]): string =>
  ids.length > 0 ? `, builds on ${ids.join(', ')}` : '';

/** What one builds by: the rules, the failures tested, and as much of the code as there is room for. */
export function writeStandard(pattern: SourcePattern, sections = readSections(pattern)): string {
  const snippets = sections
    .filter(({ name }) => name === 'How it works' || name === 'The code')
    .flatMap(({ text }) => listSourceFences(text))
    .sort((a, b) => Number(isWiring(b)) - Number(isWiring(a)));
  const rules = listInvariants(findText(sections, 'How it works')).replaceAll(PAGE_LINK, '$1');
  const head = [writeBrief(pattern), `## Rules\n\n${rules}`];
  const notes = [findNestNote(pattern), sayMigrations(pattern)];
  const wiring = snippets.filter(isWiring).map(({ text }) => text);
  const isShort = !fits(write(wiring, { isShort: false }), BUDGETS.standard);
  const shown = new Set<string>();
  for (const { text } of snippets) {
    if (fits(write([...shown, text], { isShort }), BUDGETS.standard)) shown.add(text);
  }
  return write([...shown], { isShort });

  function write(code: string[], { isShort }: { isShort: boolean }): string {
    const rest = snippets.filter(({ text }) => !code.includes(text)).map(({ source }) => source);
    const more = rest.length > 0 ? `Left out: ${rest.join(', ')}.` : '';
    const failures = `## Failures tested\n\n${writeFailures(pattern, isShort)}`;
    return joinParts([
      ...head,
      code.length > 0 ? '## Code' : '',
      ...code,
      more,
      ...notes,
      failures,
    ]);
  }
}

/** A page that is beside this one in the repository, and nowhere else. */
const PAGE_LINK = /\[([^\]]+)\]\(\.\.?\/[^)]+\.md\)/g;

function sayMigrations(pattern: SourcePattern): string {
  const migrations = describeMigrations(pattern);
  const tables = migrations.flatMap(({ tables }) => tables);
  const list = migrations.map(nameMigration).join(', then ');
  return [
    migrations.some(({ applied }) => applied) ? `Apply ${list}.` : '',
    tables.length > 0 ? sayGrant(tables) : '',
  ].join(' ');
}

/** How the code is started is what a reader would guess; the rest comes with the files. */
const isWiring = ({ source }: { source: string }): boolean =>
  /#wire$|^(app|main|start-[\w-]+)\.ts#/.test(source);

/** The first are those that readers have most often: what remains of them is theirs to do. */
const FIRST_FAILURES = 6;

function writeFailures({ proof }: SourcePattern, isShort: boolean): string {
  const failures = proof?.failures ?? [];
  const first = failures
    .slice(0, FIRST_FAILURES)
    .map(({ title, remains }) => (remains ? `${title}. Remains: ${remains}` : title));
  const others = failures.slice(FIRST_FAILURES).map(({ title }) => title);
  const more =
    isShort && others.length > 0
      ? [`And ${others.length} more, in ${nameCopiedTest(TESTS)}`]
      : others;
  return writeItems([...first, ...more]);
}

/** From what is needed most to what is needed least: the last are left out first. */
const IMPORTANCE = [
  'The code',
  'How it works',
  'What can go wrong',
  'Security',
  'Scale out',
  'Alternatives',
  'Problem',
  'Performance',
  'References',
];

/** The page, with the sections for which there is room. */
function writeFull(pattern: SourcePattern, sections: TextSection[]): string {
  const chosen = new Set<string>();
  for (const name of IMPORTANCE) {
    if (fits(write(new Set([...chosen, name])), BUDGETS.full)) chosen.add(name);
  }
  return write(chosen);

  function write(names: Set<string>): string {
    const rest = sections.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    return joinParts([
      writeBrief(pattern),
      ...sections
        .filter(({ name }) => names.has(name))
        .map(({ name, text }) => `## ${name}\n\n${text}`),
      rest.length > 0 ? `Only on the page: ${rest.join(', ')}.` : '',
    ]);
  }
}

const fits = (text: string, budget: number): boolean => countTokens(text) <= budget;

const findText = (sections: TextSection[], name: string): string =>
  sections.find((section) => section.name === name)?.text ?? '';

const joinParts = (parts: string[]): string =>
  `${parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join('\n\n')}\n`;
