import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../scripts/engine/findings.ts';
import { areaOf } from '../../scripts/pattern/ids.ts';
import { hintAt } from '../../scripts/text/hints.ts';
import { readText } from './read-tool-texts.ts';

/** The texts written by hand that tools read first. */
const TEXTS = ['AGENTS.md', 'README.md', 'agents/README.md'];

const PATH = /(?<![\w@./<-])(?:patterns|examples|docs|scripts|agents)\/[^\s`'"()[\],;]*/g;
const ID = /(?<![\w@./<-])([a-z][a-z-]*)\/[a-z0-9][a-z0-9-]*(?![\w/.*<-])/g;
const LINK = /\]\(([^)\s]+)\)/g;

/** Finds files and patterns that those texts name and that do not exist. */
export function checkNamedFiles(root: string, ids: readonly string[]): Finding[] {
  const areas = new Set(ids.map(areaOf));
  return TEXTS.flatMap((file) => {
    const lines = readText(root, file)?.split('\n') ?? [];
    return lines.flatMap((text, index) => checkLine(text, { file, line: index + 1 }));
  });

  function checkLine(text: string, place: { file: string; line: number }): Finding[] {
    const links = [...text.matchAll(LINK)].map(([, path = '']) => path).filter(isLocal);
    const paths = [...text.matchAll(PATH)].map(([path]) => path);
    const names = [...text.matchAll(ID)].filter(([, area = '']) => areas.has(area));
    return [
      ...[...new Set([...links, ...paths])]
        .map(cleanPath)
        .filter((path) => path !== undefined && !existsSync(join(root, path)))
        .map((path) => report(text, { ...place, name: path ?? '', what: 'a file' })),
      ...names
        .filter(([id]) => !ids.includes(id))
        .map(([id]) => report(text, { ...place, name: id, what: 'a pattern', ...hintAt(id, ids) })),
    ];
  }
}

const isLocal = (path: string): boolean => !/^[a-z]+:|^#/i.test(path);

/** Undefined for a placeholder; without a place in the file, an anchor and the end of a sentence. */
function cleanPath(path: string): string | undefined {
  if (/[<>*{}…$]/.test(path)) return undefined;
  return path.replace(/#.*$/, '').replace(/(?::\d+)*[.:]*$/, '');
}

type Missing = { file: string; line: number; name: string; what: string; hint?: string };

function report(text: string, { file, line, name, what, hint }: Missing): Finding {
  const column = text.indexOf(name) + 1;
  const message = `this names ${name}, ${what} that does not exist`;
  const fix = 'name one that does, or leave it out';
  const place = { file, line, column };
  return {
    code: 'reference-missing',
    ...place,
    message,
    fix,
    ...(hint !== undefined && { hint }),
  };
}
