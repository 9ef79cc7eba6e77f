import { z } from 'zod';
import { findNearest } from '../../scripts/text/find-nearest.ts';
import type { CopiedFile, PatternManifest } from '../library/types.ts';
import { ANSWER, maxTokens } from './answer-size.ts';
import type { Context } from './context.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { quoteInput } from './pattern-finder.ts';
import { type Tool, ToolError } from './tool.ts';
import { ID_ALIASES } from './tool-input.ts';

const input = z.object({
  id: z.string().min(1).max(200),
  paths: z.array(z.string().min(1).max(200)).max(20).optional(),
  maxTokens,
});

/** Lists the files of a pattern, or reads some. */
export function getExampleFiles({ library, find }: Context) {
  return {
    name: 'get_example_files',
    description: "List a pattern's files: code, migrations, failure tests. With paths: read them.",
    input,
    aliases: {
      id: [...ID_ALIASES, 'ids'],
      paths: ['path', 'files', 'file'],
      maxTokens: ['tokens', 'max_tokens'],
    },
    answer({ id: word, paths = [], maxTokens }) {
      const { id } = find(word);
      const manifest = library.readManifest(id);
      if (paths.length === 0) return { text: listFiles(manifest, maxTokens) };
      const files = [...new Set(paths.map((path) => findFile(manifest, path)))];
      return {
        text: readFiles(files, maxTokens, ({ role, path }) => library.readFile(id, role, path)),
      };
    },
  } satisfies Tool<typeof input>;
}

/** Two files of a pattern may have one path: the role tells them apart. */
const nameOf = ({ role, path }: CopiedFile): string => `${role}/${path}`;

function listFiles({ id, files, dependencies, devDependencies }: PatternManifest, budget: number) {
  const lines = files.map((file) => `${nameOf(file)} ${file.bytes} bytes, ${file.tokens} tokens`);
  const packages = Object.entries({ ...dependencies, ...devDependencies }).map(
    ([name, version]) => `${name}@${version}`,
  );
  const head = `Files of ${id}${packages.length > 0 ? `, which need ${packages.join(', ')}` : ''}:`;
  return cutLines(head, lines, budget);
}

function cutLines(head: string, lines: string[], budget: number): string {
  const shown = [head];
  let left = budget - estimateTokens(head) - ROOM_FOR_NOTE;
  for (const line of lines) {
    left -= estimateTokens(line) + 1;
    if (left >= 0) shown.push(line);
  }
  const rest = lines.length + 1 - shown.length;
  return [...shown, ...(rest > 0 ? [`And ${rest} more: pass a larger maxTokens.`] : [])].join('\n');
}

/** By `role/path`, by path alone, or as a page names its code: `path#region`. */
function findFile({ id, files }: PatternManifest, word: string): CopiedFile {
  const name = word
    .trim()
    .replace(/^\.?\//, '')
    .replace(/#.*$/, '');
  const found =
    files.find((file) => nameOf(file) === name) ?? files.find(({ path }) => path === name);
  if (found) return found;
  const names = files.map(nameOf);
  const alike = findNearest(name, [...names, ...files.map(({ path }) => path)], 6).flatMap((one) =>
    files.filter((file) => file.path === one || nameOf(file) === one).map(nameOf),
  );
  const near = [...new Set([...alike, ...names])].slice(0, 3);
  throw new ToolError(`${id} has no file ${quoteInput(word)}. Nearest: ${near.join(', ')}.`);
}

const ROOM_FOR_NOTE = 60;

/** Whole files, in the order in which they were asked for, as long as they fit. */
function readFiles(
  files: CopiedFile[],
  budget: number,
  read: (file: CopiedFile) => string,
): string {
  const texts: string[] = [];
  const rest: CopiedFile[] = [];
  let left = budget - ROOM_FOR_NOTE;
  for (const file of files) {
    const cost = costOf(file);
    if (cost > left) rest.push(file);
    else {
      texts.push(fence(file, read(file)));
      left -= cost;
    }
  }
  return [...texts, ...noteRest(files, rest)].join('\n\n');
}

/** The name and the fence around it cost some, too. */
const costOf = (file: CopiedFile): number => file.tokens + 12 + estimateTokens(nameOf(file));

function noteRest(files: CopiedFile[], rest: CopiedFile[]): string[] {
  if (rest.length === 0) return [];
  const total = files.reduce((sum, file) => sum + costOf(file), ROOM_FOR_NOTE);
  const names = rest.map((file) => `${nameOf(file)} (${file.tokens})`);
  const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  const advice = total > ANSWER.most ? 'Ask for fewer at once' : `All need maxTokens ${total}`;
  return [`Left out, with their tokens: ${shown.join(', ')}. ${advice}.`];
}

function fence(file: CopiedFile, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([marks]) => marks.length));
  const marks = '`'.repeat(longest + 1);
  const language = /\.(\w+)$/.exec(file.path)?.[1] ?? '';
  return `${marks}${language} file="${nameOf(file)}"\n${text.trimEnd()}\n${marks}`;
}
