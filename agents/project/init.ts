import { rmSync, writeFileSync } from 'node:fs';
import { writeAtomically } from '../../scripts/files/write-atomically.ts';
import { endMarker, startMarker } from './block-markers.ts';
import { insertBlock, removeBlock } from './block-text.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { type ProjectText, readProjectText } from './project-text.ts';
import type { PlannedText } from './tool-config.ts';

/** What was done with a file. */
export type InitChange = { file: string; done: 'created' | 'updated' | 'unchanged' | 'deleted' };

/** A file, and the text that it shall have; undefined for none. */
type Planned = { file: ProjectText; text: string | undefined };

const IMPORT = '@AGENTS.md\n';

/** Puts the block into a project's AGENTS.md and leads CLAUDE.md to it; nothing is written if one cannot be. */
export function initProject(folder: string, block: string): InitChange[] {
  const { agents, claude } = readProject(folder);
  const version = / v=(\S+)/.exec(block)?.[1] ?? '';
  return apply([
    { file: agents, text: edit(agents, (text) => insertBlock(text, block)) },
    { file: claude, text: planImport(claude, agents, version) },
  ]);
}

/** Takes out what `initProject` put in; a file that holds nothing else goes. */
export function removeFromProject(folder: string): InitChange[] {
  const { agents, claude } = readProject(folder);
  const rest = withoutBlock(agents);
  const isOrphan = claude.text === IMPORT && agents.text !== undefined && rest === undefined;
  const kept = isSame(claude, agents) ? claude.text : withoutBlock(claude);
  return apply([
    { file: agents, text: rest },
    { file: claude, text: isOrphan ? undefined : kept },
  ]);
}

/** Undefined when the block was all there was. */
function withoutBlock(file: ProjectText): string | undefined {
  if (file.text === undefined) return undefined;
  const rest = edit(file, removeBlock);
  return rest === '' && file.text !== '' ? undefined : rest;
}

const readProject = (folder: string) => ({
  agents: readProjectText(folder, 'AGENTS.md'),
  claude: readProjectText(folder, 'CLAUDE.md'),
});

/** Claude Code reads CLAUDE.md alone; a link of one to the other needs no line. */
function planImport(claude: ProjectText, agents: ProjectText, version: string): string | undefined {
  if (isSame(claude, agents)) return claude.text;
  if (claude.text === undefined) return IMPORT;
  const rest = edit(claude, removeBlock);
  if (/(?:^|\s)@(?:\.\/)?AGENTS\.md(?:\s|$)/.test(rest)) return rest;
  return edit(claude, (text) =>
    insertBlock(text, `${startMarker(version)}\n${IMPORT}${endMarker}\n`),
  );
}

const isSame = (a: ProjectText, b: ProjectText): boolean => a.path === b.path;

/** The name of the file goes before what is wrong with it. */
function edit({ name, text }: ProjectText, change: (text: string) => string): string {
  try {
    return change(text ?? '');
  } catch (error) {
    if (error instanceof ProjectError) throw new ProjectError(`${name}: ${error.message}`);
    throw error;
  }
}

function apply(planned: Planned[]): InitChange[] {
  return planned.map(({ file, text }) => ({ file: file.name, done: write(file, text) }));
}

/** Writes what other files of a project shall be. */
export const writeTexts = (project: Project, planned: PlannedText[]): InitChange[] =>
  planned.map(({ path, text }) => ({ file: path, done: writeText(project, path, text) }));

function writeText(project: Project, path: string, text: string | undefined): InitChange['done'] {
  const before = project.read(path);
  if (text === before) return 'unchanged';
  if (text === undefined) project.remove(path);
  else project.write(path, text);
  if (text === undefined) return 'deleted';
  return before === undefined ? 'created' : 'updated';
}

function write({ path, text: before }: ProjectText, text: string | undefined): InitChange['done'] {
  if (text === before) return 'unchanged';
  if (text === undefined) rmSync(path);
  else if (before === undefined) writeFileSync(path, text, { flag: 'wx' });
  else writeAtomically(path, text);
  if (text === undefined) return 'deleted';
  return before === undefined ? 'created' : 'updated';
}
