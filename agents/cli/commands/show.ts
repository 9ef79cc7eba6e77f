import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { findNearest } from '../../../scripts/text/find-nearest.ts';
import { findPattern } from '../../library/find-pattern.ts';
import type { Library } from '../../library/open-library.ts';
import { DETAILS, type Detail, type PatternManifest } from '../../library/types.ts';
import { type Command, readWord } from '../command.ts';
import { requireIds } from '../resolve-ids.ts';

export const show: Command = {
  usage: `touchstone show <id> [--detail brief|standard|full] [--files] [--file <path>] [--json]

Shows a pattern as Markdown, the list of its files, or one of them.

  touchstone show background-jobs
  touchstone show jobs/background-jobs --detail full
  touchstone show jobs/background-jobs --files
  touchstone show jobs/background-jobs --file job-queue.ts`,
  options: { detail: { type: 'string' }, files: { type: 'boolean' }, file: { type: 'string' } },
  run({ library, words, flags }) {
    const [id = ''] = requireIds(library, words.slice(0, 1), 'show');
    const manifest = library.readManifest(id);
    if (flags.files) return { code: 0, data: manifest.files, text: writeFiles(manifest) };
    const file = readWord(flags, 'file');
    if (file !== undefined) return showFile(library, manifest, file);
    const detail = readDetail(readWord(flags, 'detail'));
    const text = library.readText(id, detail);
    return { code: 0, data: { ...findPattern(library, id).pattern, detail, text }, text };
  },
};

function readDetail(word = 'standard'): Detail {
  const detail = DETAILS.find((one) => one === word);
  if (detail) return detail;
  throw new UsageError(`--detail is one of ${DETAILS.join(', ')}`);
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
