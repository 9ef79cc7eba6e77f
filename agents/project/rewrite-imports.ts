import type { FileRole } from '../library/types.ts';
import type { Settings } from './settings.ts';

type LibraryFile = { role: FileRole; source: string };

/** A file of the library as this project needs it; its tests are ES modules in any project. */
export function rewriteImports(
  { role, source }: LibraryFile,
  text: string,
  settings: Pick<Settings, 'imports' | 'emits' | 'isCommonJs'>,
): string {
  if (!source.endsWith('.ts')) return text;
  const imported = settings.imports === 'ts' ? text : nameJavaScript(text);
  const followed = settings.emits ? followOutput(imported) : imported;
  return settings.isCommonJs && role !== 'test' ? nameOwnFile(followed) : followed;
}

/** This runs where the package is installed, without TypeScript: the files are ours, and their imports one line each. */
const nameJavaScript = (text: string): string =>
  text.replace(/((?:from|import)\s*\(?\s*'\.{1,2}\/[^'\n]+)\.ts'/g, "$1.js'");

/** CommonJS knows its own file by another name. */
const nameOwnFile = (text: string): string =>
  text.replaceAll('import.meta.url', "require('node:url').pathToFileURL(__filename).href");

/** The compiler renames imports, but not the file of a worker, which is a string to it. */
const followOutput = (text: string): string =>
  text.replace(
    /new URL\(\s*'([^'\n]+)\.ts',\s*import\.meta\.url\s*,?\s*\)/g,
    "new URL(import.meta.url.endsWith('.ts') ? '$1.ts' : '$1.js', import.meta.url)",
  );
