import { subscribe } from 'node:diagnostics_channel';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvidenceKind } from '@touchstone/kit/testing/evidence';
import { afterEach, beforeEach } from 'vitest';
import { ROOT } from '../files/root.ts';
import { type Executed, findExecuted, uniteSpans } from './executed.ts';
import { openCoverage } from './open-coverage.ts';
import { openProgramCoverage } from './program-coverage.ts';

/** How each file that no JavaScript engine runs was used. */
type Evidence = Record<string, EvidenceKind>;

/** The version of each service, by its name. */
type Services = Record<string, string>;

declare module 'vitest' {
  interface TaskMeta {
    /** What this test executed: by file, from offset to offset. */
    executed?: Executed;
    /** What ran before the test: its file and all that it imports. */
    loaded?: Executed;
    /** SQL that was applied and configuration that was loaded, for this test or before it. */
    evidence?: Evidence;
    /** The services that were used for this test or before it. */
    services?: Services;
  }
}

// Vitest loads this file anew for each test file, in a process of its own.
const takeCoverage = await openCoverage();

// Not for a proof: a program that is killed notes nothing, so that would differ from run to run.
const { TOUCHSTONE_PROGRAMS: folder } = process.env;
const takePrograms = folder ? openProgramCoverage(folder) : () => [];

const evidence: Evidence = {};
subscribe('touchstone:evidence', (message) => {
  const { kind, file } = message as { kind: EvidenceKind; file: string };
  evidence[toRepositoryPath(file)] = kind;
});

const services: Services = {};
subscribe('touchstone:service', (message) => {
  const { name, version } = message as { name: string; version: string };
  services[name] = version;
});

beforeEach(async ({ task }) => {
  task.meta.loaded = await takeExecuted();
});

afterEach(async ({ task }) => {
  task.meta.executed = await takeExecuted();
  task.meta.evidence = { ...evidence };
  task.meta.services = { ...services };
});

/** What was executed since the last call. */
async function takeExecuted(): Promise<Executed> {
  const executed: Executed = {};
  for (const { url, functions } of [...(await takeCoverage()), ...takePrograms()]) {
    if (!isExampleSource(url)) continue;
    const spans = findExecuted(functions.flatMap(({ ranges }) => ranges));
    if (spans.length === 0) continue;
    const path = toRepositoryPath(fileURLToPath(url));
    executed[path] = uniteSpans([executed[path] ?? [], spans]);
  }
  return executed;
}

function isExampleSource(url: string): boolean {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return false;
  const path = toRepositoryPath(fileURLToPath(url));
  return (
    path.startsWith('examples/') && !path.endsWith('.test.ts') && !path.startsWith('examples/kit/')
  );
}

function toRepositoryPath(file: string): string {
  return relative(ROOT, file).split(sep).join('/');
}
