import { readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Finding } from '../engine/findings.ts';

/** The text of a file, or the finding that says why it is not read; neither where there is no file. */
export type InsideText = { text?: string; finding?: Finding };

/** Where a path really leads, or the finding that it leads out; neither where it leads to nothing. */
export type InsidePath = { real?: string; finding?: Finding };

/** Reads a file of the repository; one that a link leads out to is not read. */
export function readInside(root: string, path: string): InsideText {
  const { real, finding } = followInside(realpathSync.native(root), path);
  if (finding !== undefined) return { finding };
  return real === undefined ? {} : readTextFile(real, path);
}

/** Follows a path from the real path of the repository. */
export function followInside(root: string, path: string): InsidePath {
  let real: string;
  try {
    real = realpathSync.native(join(root, path));
  } catch {
    return {};
  }
  if (real.startsWith(root + sep)) return { real };
  return { finding: describeLink(path, 'points outside the repository') };
}

/** Reads a file; `path` is what a finding calls it. */
export function readTextFile(file: string, path: string): InsideText {
  try {
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { finding: describeUnreadable(path, reason) };
  }
}

/** The finding that a link is not followed. */
export function describeLink(file: string, fault: string): Finding {
  const message = `this link ${fault}, so it is not read`;
  const fix = 'replace the link by a file';
  return { code: 'source-link', file, line: 1, column: 1, message, fix };
}

/** The finding that a file cannot be read. */
export function describeUnreadable(file: string, reason: string): Finding {
  const message = `this cannot be read: ${reason}`;
  const fix = 'remove it, or make it a file that can be read';
  return { code: 'file-unreadable', file, line: 1, column: 1, message, fix };
}
