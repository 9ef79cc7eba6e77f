import type { Lock, LockedFile } from './lock-file.ts';

const CONFLICT =
  /^<{7} .*\n(?<mine>(?:.*\n)*?)(?:\|{7} .*\n(?:.*\n)*?)?={7}\n(?<theirs>(?:.*\n)*?)>{7} .*\n/gm;

/** The texts of both sides of a merge that Git could not do; the text alone when there is no conflict. */
export function separateSides(text: string): string[] {
  const mine = text.replace(CONFLICT, '$<mine>');
  return mine === text ? [text] : [mine, text.replace(CONFLICT, '$<theirs>')];
}

/** What both sides have added; of a file that both have, the record that fits the file in the project. */
export function joinLocks(
  mine: Lock,
  theirs: Lock,
  isOfProject: (path: string, file: LockedFile) => boolean,
): Lock {
  const patterns = { ...mine.patterns };
  for (const [id, other] of Object.entries(theirs.patterns)) {
    const own = patterns[id];
    if (own === undefined) {
      patterns[id] = other;
      continue;
    }
    const files = { ...other.files, ...own.files };
    for (const [path, file] of Object.entries(other.files))
      if (isOfProject(path, file)) files[path] = file;
    patterns[id] = { version: own.version, asked: own.asked || other.asked, files };
  }
  const packages = [...new Set([...mine.packages, ...theirs.packages])].sort();
  return { ...mine, packages, patterns };
}
