import type { Settings } from './settings.ts';

/** A file of the library as this project needs it. */
export function rewriteImports(path: string, text: string, { imports, emits }: Settings): string {
  if (!path.endsWith('.ts')) return text;
  const imported = imports === 'ts' ? text : nameJavaScript(text);
  return emits ? followOutput(imported) : imported;
}

/** This runs where the package is installed, without TypeScript: the files are ours, and their imports one line each. */
const nameJavaScript = (text: string): string =>
  text.replace(/((?:from|import)\s*\(?\s*'\.{1,2}\/[^'\n]+)\.ts'/g, "$1.js'");

/** The compiler renames imports, but not the file of a worker, which is a string to it. */
const followOutput = (text: string): string =>
  text.replace(
    /new URL\(\s*'([^'\n]+)\.ts',\s*import\.meta\.url\s*,?\s*\)/g,
    "new URL(import.meta.url.endsWith('.ts') ? '$1.ts' : '$1.js', import.meta.url)",
  );
