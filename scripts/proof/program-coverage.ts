import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector/promises';
import { join } from 'node:path';

/** Lets the Node programs that this process starts note what they run; reads what those noted that ended since the last time. */
export function openProgramCoverage(parent: string): () => Profiler.ScriptCoverage[] {
  const folder = mkdtempSync(join(parent, 'programs-'));
  process.env.NODE_V8_COVERAGE = folder;
  return () => readdirSync(folder).flatMap((name) => takeNote(join(folder, name)));
}

/** Of a program that is killed there is no note, and of one that ends right now half a note. */
function takeNote(file: string): Profiler.ScriptCoverage[] {
  try {
    const { result } = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(file);
    return result;
  } catch {
    return [];
  }
}
