import { readWord } from '../../../scripts/command-line/run-command.ts';
import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { findNearest } from '../../../scripts/text/find-nearest.ts';
import type { Library } from '../../library/open-library.ts';
import { resolvePattern } from '../../library/resolve-pattern.ts';
import { DETAILS, type Detail, type PatternManifest } from '../../library/types.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { requireIds } from '../resolve-pattern-ids.ts';

/** Shows a text of a pattern, its files or one of them. */
export function show({ library, words, values }: CliInput): CommandResult {
  const [id = ''] = requireIds(library, words.slice(0, 1), 'show');
  const manifest = library.readManifest(id);
  if (values.files) return { code: 0, data: manifest.files, text: writeFiles(manifest) };
  const file = readWord(values, 'file');
  if (file !== undefined) return showFile(library, manifest, file);
  const detail = readDetail(readWord(values, 'detail'));
  const text = library.readText(id, detail);
  return { code: 0, data: { ...resolvePattern(library, id).pattern, detail, text }, text };
}

function readDetail(word = 'standard'): Detail {
  const detail = DETAILS.find((one) => one === word);
  if (detail) return detail;
  throw new UsageError(`--detail must be one of ${DETAILS.join(', ')}`);
}

const writeFiles = ({ files }: PatternManifest): string =>
  files.map(({ role, path, bytes }) => `${role}\t${path}\t${bytes}`).join('\n');

function showFile(library: Library, { id, files }: PatternManifest, path: string) {
  const file = files.find((one) => one.path === path);
  if (file) {
    const text = library.readFile(id, file.role, path);
    return { code: 0 as const, data: { ...file, text }, text };
  }
  const near = findNearest(path, new Set(files.map((one) => one.path)), 3);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'see --files';
  throw new UsageError(`${id} has no file ${JSON.stringify(path)}: ${hint}`);
}
