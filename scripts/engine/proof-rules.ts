import { examplePath } from '../pattern/ids.ts';
import { hintAt, shorten } from '../text/hints.ts';
import { type PageContext, type RecordKeys, reportOnPage } from './context.ts';
import type { GeneratedBlock } from './generated.ts';
import { locateFailure } from './locate-failure.ts';
import { type PageReference, parseProof } from './records.ts';

/** Reads the proof into the context, and reports one that is missing, unreadable or stale. */
export function readProof(
  context: PageContext,
  { proof, keys }: { proof?: string | undefined; keys: RecordKeys },
): void {
  const fix = `npm run prove -- ${context.id}`;
  const place = { line: 1, column: 1 };
  if (proof === undefined) {
    const message = 'the example has no proof.json, so nothing here is proven';
    reportOnPage(context, 'proof-missing', { ...place, message, fix });
    return;
  }
  const { value, fault } = parseProof(proof);
  if (fault !== undefined) {
    const file = examplePath(context.id, 'proof.json');
    const message = `proof.json is not what the proof run writes: ${fault}`;
    context.findings.push({ code: 'proof-invalid', file, ...place, message, fix });
    return;
  }
  context.proof = value;
  context.fresh = value.key === keys.proof;
  if (context.fresh) return;
  const message =
    'the tests of the example import other sources or packages than those its proof was recorded from';
  reportOnPage(context, 'proof-stale', { ...place, message, fix });
}

/** Reports each failure whose defence names no region of the example. */
export function checkDefences(context: PageContext, blocks: GeneratedBlock[]): void {
  const { proof } = context;
  if (proof === undefined) return;
  const regions = new Set(
    [...context.scans.values()].flatMap(({ regions }) => [...regions.keys()]),
  );
  const line = blocks.find(({ name }) => name === 'failures')?.line ?? 1;
  for (const failure of proof.failures) {
    if (regions.has(failure.defence)) continue;
    const what = `the failure "${shorten(failure.title)}"`;
    const message = `${what} is defended by ${shorten(failure.defence)}, which is not a region of the example`;
    const fix = 'name the region that defends against it';
    const { path, line: declared } = locateFailure(proof, failure);
    const source = { file: examplePath(context.id, path), line: declared, column: 1 };
    const hint = hintAt(failure.defence, regions);
    reportOnPage(context, 'failure-defence', { line, column: 1, message, fix, source, ...hint });
  }
}

/** Reports each reference that names a test which the proof does not have. */
export function checkReferenceTests(
  context: PageContext,
  { references = [], text }: { references?: PageReference[] | undefined; text: string },
): void {
  const { proof, page } = context;
  if (proof === undefined) return;
  const end = page.frontmatter?.end ?? 0;
  for (const { test } of references) {
    if (test === undefined || proof.tests.includes(test)) continue;
    const at = text.lastIndexOf(test, end);
    const before = text.slice(0, Math.max(at, 0));
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    const message = `the proof has no test "${shorten(test)}"`;
    const fix = `name a test of the example, or npm run prove -- ${context.id}`;
    reportOnPage(context, 'reference-test', {
      line,
      column,
      message,
      fix,
      ...hintAt(test, proof.tests),
    });
  }
}
