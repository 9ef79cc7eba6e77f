import { paint } from '../command-line/paint.ts';
import { UsageError } from '../command-line/usage-error.ts';
import type { Finding } from '../engine/findings.ts';

const WRITERS = { text: writeText, github: writeGithub, json: writeJson };

/** How findings are printed. */
export type Format = keyof typeof WRITERS;

/** The format that `--format` asks for; an unknown one throws. */
export function readFormat(value: string | boolean | undefined): Format {
  if (value === undefined) return 'text';
  if (value === 'text' || value === 'github' || value === 'json') return value;
  throw new UsageError(`there is no format "${value}": text, github or json`);
}

/** The findings in a format; json holds the facts of the summary as well, the others end with it. */
export function writeFindings(
  findings: Finding[],
  { format, summary, facts }: { format: Format; summary: string; facts: Record<string, unknown> },
): string {
  return WRITERS[format](findings, summary, facts);
}

function writeText(findings: Finding[], summary: string): string {
  const blocks = findings.map((finding) => {
    const { source, hint } = finding;
    const seen = source === undefined ? '' : dim(` (${placeOf(source)})`);
    const near = hint === undefined ? '' : `: ${hint}`;
    const head = `${paint('bold', placeOf(finding))}  ${paint('red', finding.code)}`;
    return `${head}  ${finding.message}${near}${seen}\n  ${dim('fix:')} ${finding.fix}`;
  });
  return [...blocks, ...(blocks.length > 0 ? [''] : []), summary].join('\n');
}

const dim = (text: string): string => paint('dim', text);

const placeOf = ({ file, line, column }: Pick<Finding, 'file' | 'line' | 'column'>): string =>
  `${file}:${line}:${column}`;

/** The workflow commands that GitHub turns into annotations. */
function writeGithub(findings: Finding[], summary: string): string {
  const lines = findings.map(({ file, line, column, code, message, hint, fix }) => {
    const place = `file=${escapeProperty(file)},line=${line},col=${column}`;
    const near = hint === undefined ? '' : `: ${hint}`;
    const text = escapeData(`${message}${near}\nfix: ${fix}`);
    return `::error ${place},title=${escapeProperty(code)}::${text}`;
  });
  return [...lines, summary].join('\n');
}

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

function writeJson(findings: Finding[], _summary: string, facts: Record<string, unknown>): string {
  return JSON.stringify({ ...facts, findings }, null, 2);
}
