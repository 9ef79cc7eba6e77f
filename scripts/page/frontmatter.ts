import { isMap, LineCounter, parse, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Finding, FindingCode } from '../engine/findings.ts';
import { findFrontmatter } from '../engine/frontmatter.ts';
import { LIMITS } from '../engine/limits.ts';
import { PATTERN_ID } from '../pattern/ids.ts';
import { hintAt } from '../text/hints.ts';
import { coreField } from './core.ts';

const patternId = z.string().regex(PATTERN_ID, 'it is not an id: <area>/<slug>');
const sentence = z.string().trim().min(1);

const isWithin = (count: number, { least, most }: { least: number; most: number }) =>
  count >= least && count <= most;

/** The frontmatter of a pattern, its keys in the order in which a page has them. */
export const patternFrontmatter = z.strictObject({
  title: sentence.describe('The name of the pattern, as a reader would say it'),
  summary: sentence
    .max(LIMITS.summary)
    .describe(`The outcome for the reader, in at most ${LIMITS.summary} characters`),
  level: z
    .union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)], {
      error: 'it is 1, 2, 3 or 4',
    })
    .describe('How far it carries: 1 prototype, 2 development, 3 pre-production, 4 production'),
  needs: z.array(sentence).default([]).describe('The services it runs on'),
  symptoms: z
    .record(sentence.max(LIMITS.symptom), sentence.max(LIMITS.answer))
    .refine((symptoms) => isWithin(Object.keys(symptoms).length, LIMITS.symptoms), {
      error: `there are not ${LIMITS.symptoms.least} to ${LIMITS.symptoms.most}`,
    })
    .describe(
      `${LIMITS.symptoms.least} to ${LIMITS.symptoms.most} lines in the words of a person who has the problem, with literal error messages, each followed by what to do in at most ${LIMITS.answer} characters`,
    ),
  keywords: z
    .array(sentence.max(LIMITS.keyword))
    .max(LIMITS.keywords)
    .default([])
    .describe('Words for the search that are not in the text: libraries, synonyms, literal errors'),
  useWhen: z.array(sentence).min(1).describe('When to choose it'),
  notWhen: z
    .array(
      z.strictObject({ when: sentence, instead: sentence, topics: z.array(patternId).optional() }),
    )
    .min(1)
    .describe('When not to, and what to choose instead, with its `topics` if the catalogue has it'),
  requires: z.array(patternId).default([]).describe('Patterns that it builds on, by id'),
  related: z.array(patternId).default([]).describe('Patterns to read next, by id'),
  references: z
    .array(z.strictObject({ title: sentence, url: z.url(), test: sentence.optional() }))
    .default([])
    .describe('Clauses and papers it relies on, each with the test that proves it'),
  topics: z.array(patternId).default([]).describe('Further topics of the catalogue it answers'),
  files: z
    .array(sentence)
    .default([])
    .describe('The files of the example to copy; what they import is copied too'),
  yours: z
    .array(sentence)
    .default([])
    .describe(
      'Tables and views of the example that a reader already has: the migration leaves them out',
    ),
  core: coreField
    .optional()
    .describe('The snippet that shows the idea, or some of its lines: file.ts#region 3-12'),
  formerly: z
    .array(patternId)
    .default([])
    .describe('Ids it had before; their addresses redirect to it'),
});

/** The frontmatter of a pattern as its schema reads it. */
export type PatternFrontmatter = z.infer<typeof patternFrontmatter>;

/** A key or an index on the way to a value. */
export type FieldPath = readonly PropertyKey[];

/** A frontmatter that was read: its data when it is valid, and where each of its fields is. */
export type ReadFrontmatter = {
  data?: PatternFrontmatter;
  findings: Finding[];
  locate: (path: FieldPath) => { line: number; column: number };
};

/** Reads and checks the frontmatter of a page. */
export function readFrontmatter(file: string, text: string): ReadFrontmatter {
  const range = findFrontmatter(text);
  const locate = (path: FieldPath) => locateField(text, path);
  if (range === undefined) {
    const message = 'the page has no frontmatter';
    const fix = `begin the page with --- and the fields ${ORDER.join(', ')}, and ---`;
    return {
      findings: [toFinding(file, locate([]), { code: 'frontmatter-missing', message, fix })],
      locate,
    };
  }
  const { value, fault } = parseYaml(text.slice(range.start, range.end));
  if (fault !== undefined) return { findings: [toFinding(file, fault, fault)], locate };
  const { data, error } = patternFrontmatter.safeParse(value);
  const findings = [
    ...(error?.issues ?? []).flatMap((issue) => describeIssue(file, issue, locate)),
    ...checkOrder(file, Object.keys(value ?? {}), locate),
  ];
  return { ...(data && { data }), findings, locate };
}

const ORDER = Object.keys(patternFrontmatter.shape);

type Fault = { code: FindingCode; message: string; fix: string; hint?: string };

function toFinding(
  file: string,
  { line, column }: { line: number; column: number },
  fault: Fault,
): Finding {
  const { code, message, fix, hint } = fault;
  return { code, file, line, column, message, fix, ...(hint !== undefined && { hint }) };
}

type YamlFault = Fault & { line: number; column: number };

function parseYaml(
  text: string,
): { value: object | null; fault?: never } | { value?: never; fault: YamlFault } {
  const code = 'frontmatter-invalid';
  try {
    const value: unknown = parse(text);
    if (typeof value === 'object' && !Array.isArray(value)) return { value };
    const message = 'the frontmatter is not a list of fields';
    return {
      fault: { code, message, fix: 'write one field a line, as `title: …`', line: 2, column: 1 },
    };
  } catch {
    const [error] = parseDocument(text).errors;
    const { line = 1, col = 1 } = error?.linePos?.[0] ?? {};
    const reason = (error?.message ?? 'it cannot be parsed').split(/\n| at line/, 1)[0];
    const message = `the frontmatter is not valid YAML: ${reason}`;
    return {
      fault: {
        code,
        message,
        fix: 'put values with special characters of YAML in quotes',
        line: line + 1,
        column: col,
      },
    };
  }
}

type Locate = ReadFrontmatter['locate'];

function describeIssue(file: string, issue: z.core.$ZodIssue, locate: Locate): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const within =
      issue.path.length === 0 ? ORDER : ['when', 'instead', 'topics', 'title', 'url', 'test'];
    return issue.keys.map((key) => {
      const message = `the frontmatter has no field ${key}`;
      const fault: Fault = {
        code: 'frontmatter-invalid',
        message,
        fix: 'remove or rename it',
        ...hintAt(key, within),
      };
      return toFinding(file, locate([...issue.path, key]), fault);
    });
  }
  const name = issue.path.join('.');
  const message = `${name === '' ? 'the frontmatter' : name}: ${issue.message}`;
  const field = patternFrontmatter.shape[issue.path[0] as keyof PatternFrontmatter];
  const fix = field?.description ?? 'write it as the schema has it';
  return [toFinding(file, locate(issue.path), { code: 'frontmatter-invalid', message, fix })];
}

function checkOrder(file: string, keys: string[], locate: Locate): Finding[] {
  const places = keys.map((key) => ORDER.indexOf(key)).filter((place) => place !== -1);
  const index = places.findIndex((place, at) => at > 0 && place < (places[at - 1] ?? 0));
  const key = ORDER[places[index] ?? -1];
  if (key === undefined) return [];
  const message = `${key} comes after ${ORDER[places[index - 1] ?? -1]}`;
  const fix = `the order is ${ORDER.join(', ')}`;
  return [toFinding(file, locate([key]), { code: 'frontmatter-order', message, fix })];
}

/** Parsed again with its places, for only a page with a fault needs them. */
function locateField(text: string, path: FieldPath): { line: number; column: number } {
  const range = findFrontmatter(text);
  if (range === undefined) return { line: 1, column: 1 };
  const lines = new LineCounter();
  const document = parseDocument(text.slice(range.start, range.end), { lineCounter: lines });
  for (let length = path.length; length > 0; length--) {
    const offset = findOffset(document, path.slice(0, length));
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line: line + 1, column: col };
  }
  return { line: 1, column: 1 };
}

function findOffset(
  document: ReturnType<typeof parseDocument>,
  path: FieldPath,
): number | undefined {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === last);
    return (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0];
  }
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  return node?.range?.[0];
}
