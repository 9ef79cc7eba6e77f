import type { Bench, BenchRow, PageReference, Proof } from './records.ts';

/** The failure table of a page: a row for each failure that a test of the example declares. */
export function writeFailures({ failures, tests }: Proof): string[] {
  if (failures.length === 0) return [];
  const head = ['What goes wrong', 'With this pattern', 'Defence', 'What remains'];
  const rows = failures.map(({ title, symptom, defence, remains }) => [
    escapeCell(title),
    escapeCell(symptom),
    writeCode(defence),
    escapeCell(remains),
  ]);
  const files = [...new Set(failures.map(({ test }) => nameTestFile(tests[test])))];
  const where = files.map(writeCode).join(' and ');
  return [
    ...writeTable(head, rows),
    '',
    `Each row is a test of that name in ${where}, and it passes.`,
  ];
}

/** `failures.test.ts > A job runs twice` is in `failures.test.ts`. */
function nameTestFile(test = ''): string {
  return test.split(' > ', 1)[0] ?? '';
}

/** The bench tables of a page, the command that measures them and the machine that did. */
export function writeBenchTables({ command, machine, measured, tables }: Bench): string[] {
  const lines = tables.flatMap(({ title, unit, better, rows }) => [
    `**${escapeText(title)}** (${escapeText(unit)}, ${escapeText(better)} is better)`,
    '',
    ...writeBenchTable(rows),
    '',
  ]);
  const where = `Measured ${escapeText(measured)} on ${escapeText(machine)}:`;
  return [...lines, `${where} ${writeCode(command)}`];
}

function writeBenchTable(rows: BenchRow[]): string[] {
  const noted = rows.some(({ note }) => note !== undefined && note !== '');
  const head = ['', 'Median', 'Low to high', 'Ratio', ...(noted ? ['Note'] : [])];
  const cells = rows.map(({ name, median, low, high, ratio, note = '' }) => [
    escapeCell(name),
    writeNumber(median),
    `${writeNumber(low)} to ${writeNumber(high)}`,
    `${writeNumber(ratio)}×`,
    ...(noted ? [escapeCell(note)] : []),
  ]);
  return writeTable(head, cells);
}

/** The references of a page, each with the test that holds it. */
export function writeReferences(references: PageReference[]): string[] {
  return references.map(({ title, url, test }) => {
    const link = `- [${escapeText(title).replaceAll(/[[\]]/g, '\\$&')}](${writeUrl(url)})`;
    return test === undefined ? link : `${link}, tested by ${writeCode(test)}`;
  });
}

function writeTable(head: string[], rows: string[][]): string[] {
  const rule = head.map(() => '---');
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Text for a cell: on one line, its pipes escaped, and the back slashes before them. */
function escapeCell(text: string): string {
  return escapeText(text).replaceAll(/(\\*)\|/g, '$1$1\\|');
}

/** Text on one line; outside of inline code nothing in it opens a tag. */
function escapeText(text: string): string {
  const parts = text.replaceAll(/\s+/g, ' ').trim().split('`');
  const lone = parts.length % 2 === 0 ? parts.length - 1 : -1;
  return parts
    .map((part, index) => (index % 2 === 0 || index === lone ? part.replaceAll('<', '\\<') : part))
    .join('`');
}

/** Inline code that holds whatever the text holds, even in a table. */
function writeCode(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().replaceAll('|', '\\|');
  if (line === '') return '';
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((ticks) => ticks.length));
  if (longest === 0) return `\`${line}\``;
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${line} ${fence}`;
}

/** A link's destination; one with brackets or spaces in it needs a pair of its own. */
function writeUrl(url: string): string {
  const escaped = url.replaceAll(/[\s<>]/g, (character) => encodeURIComponent(character));
  return /[()]/.test(escaped) ? `<${escaped}>` : escaped;
}

/** Three digits that count, thousands apart: 2,100 and 0.0123. */
function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  const [whole = '', fraction] = String(rounded).split('.');
  const grouped = whole.includes('e') ? whole : whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
