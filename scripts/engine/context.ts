import type { Fence, PageScan } from './fences.ts';
import type { Finding, FindingCode, Place } from './findings.ts';
import type { Proof } from './records.ts';
import type { SourceScan } from './regions.ts';

/** What the records of an example must have been made from to be fresh. */
export type RecordKeys = { proof: string; bench: string };

/** A snippet as it stands on the page. */
export type Shown = {
  /** The line of its fence in the page that was given. */
  line: number;
  /** The file in the example, and its region unless it is shown whole. */
  file: string;
  region?: string;
  /** The source line, from 1, of each shown line; 0 for an elision. */
  lines: number[];
};

/** A snippet while its page is built. */
export type Snippet = { fence: Fence; scan: SourceScan; shown: Shown; lines: string[] };

/** What the rules of a page share while it is built. */
export type PageContext = {
  id: string;
  file: string;
  page: PageScan;
  scans: Map<string, SourceScan>;
  proof?: Proof;
  /** Whether the proof is of these very sources; if not, its line numbers say nothing. */
  fresh: boolean;
  findings: Finding[];
  snippets: Snippet[];
};

/** A finding on the page itself, whose file need not be said. */
export type PageFinding = Omit<Finding, 'code' | 'file'>;

/** Adds a finding that stands on the page. */
export function reportOnPage(context: PageContext, code: FindingCode, finding: PageFinding): void {
  context.findings.push({ code, file: context.file, ...finding });
}

/** Adds the finding that the page is not what its sources say. */
export function reportDrift(
  context: PageContext,
  { line, name, source }: { line: number; name: string; source?: Place | undefined },
): void {
  const message = `this is not what ${name} says`;
  const fix = `npm run sync -- ${context.id}`;
  reportOnPage(context, 'drift', { line, column: 1, message, fix, ...(source && { source }) });
}
