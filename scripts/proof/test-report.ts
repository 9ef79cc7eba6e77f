import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../files/root.ts';
import { examplePath, findPatternFile } from '../pattern/ids.ts';
import type { Executed, Span } from './executed.ts';

const spans = z.record(z.string(), z.array(z.tuple([z.number(), z.number()])));

/** What Vitest's JSON reporter writes, as far as proof needs it; `meta` is what record.ts put there. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          title: z.string(),
          status: z.string(),
          duration: z.number().default(0),
          location: z.object({ line: z.number() }).nullish(),
          meta: z.object({
            executed: spans.default({}),
            loaded: spans.default({}),
            evidence: z.record(z.string(), z.enum(['applied', 'loaded'])).default({}),
            services: z.record(z.string(), z.string()).default({}),
            failure: z
              .object({ symptom: z.string(), defence: z.string(), remains: z.string() })
              .optional(),
          }),
        }),
      ),
    }),
  ),
});

/** One test of an example: its name, how it ended, and what it ran. Paths are those in the example. */
export type TestRecord = {
  /** `failures.test.ts > A stolen refresh token is replayed` */
  name: string;
  title: string;
  /** The test file, and the name within it: `a job > waits for the end of its delay`. */
  file: string;
  fullName: string;
  /** Where it begins in its file. */
  line: number;
  milliseconds: number;
  passed: boolean;
  executed: Map<string, Span[]>;
  /** The part of it that ran before the test: when its file was loaded, or in a hook. */
  loaded: Map<string, Span[]>;
  evidence: Map<string, 'applied' | 'loaded'>;
  /** The version of each service, by its name. */
  services: Record<string, string>;
  failure?: { symptom: string; defence: string; remains: string };
};

/** The tests of a run by the id of their pattern, in the order of files and of tests in them. */
export function readTestReport(file: string): Map<string, TestRecord[]> {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const records = new Map<string, TestRecord[]>();
  for (const result of testResults.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = relative(ROOT, result.name).split(sep).join('/');
    const { id, file: testFile } = findPatternFile(path) ?? {};
    if (!id || !testFile) continue;
    const tests = result.assertionResults.map((test) =>
      toRecord(test, examplePath(id, ''), testFile),
    );
    // A file that breaks before its first test has no tests to say so.
    const broken = tests.length === 0 || result.status !== 'passed' ? [brokenFile(testFile)] : [];
    const failing = tests.some(({ passed }) => !passed) ? [] : broken;
    records.set(id, [...(records.get(id) ?? []), ...tests, ...failing]);
  }
  return records;
}

type Assertion = z.output<typeof reportSchema>['testResults'][number]['assertionResults'][number];

function toRecord(test: Assertion, folder: string, file: string): TestRecord {
  const { loaded, executed, evidence, services, failure } = test.meta;
  const inFolder = (path: string) => path.startsWith(folder);
  return {
    name: [file, ...test.ancestorTitles, test.title].join(' > '),
    title: test.title,
    file,
    fullName: [...test.ancestorTitles, test.title].join(' > '),
    line: test.location?.line ?? 1,
    milliseconds: test.duration,
    passed: test.status === 'passed',
    // What is loaded before the first test, that test has run: without it nothing would be loaded.
    executed: collectSpans(folder, [loaded, executed]),
    loaded: collectSpans(folder, [loaded]),
    evidence: new Map(
      Object.entries(evidence).flatMap(([path, kind]) =>
        inFolder(path) ? [[path.slice(folder.length), kind] as const] : [],
      ),
    ),
    services,
    ...(failure && { failure }),
  };
}

function collectSpans(folder: string, parts: Executed[]): Map<string, Span[]> {
  const collected = new Map<string, Span[]>();
  for (const [path, spans] of parts.flatMap((part) => Object.entries(part))) {
    if (!path.startsWith(folder)) continue;
    const name = path.slice(folder.length);
    collected.set(name, [...(collected.get(name) ?? []), ...spans]);
  }
  return collected;
}

function brokenFile(file: string): TestRecord {
  const none = { executed: new Map(), loaded: new Map(), evidence: new Map(), services: {} };
  return {
    name: file,
    title: file,
    file,
    fullName: '',
    line: 1,
    milliseconds: 0,
    passed: false,
    ...none,
  };
}
