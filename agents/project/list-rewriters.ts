import { readManifest } from './package-json.ts';
import type { Project } from './project.ts';
import { listManifestsAbove } from './workspace.ts';

/** Tools that rewrite files or refuse their style, each with how it leaves a folder alone. */
const REWRITERS: Record<string, string> = {
  eslint: '"ignores" in the configuration of ESLint',
  prettier: '.prettierignore',
  '@biomejs/biome': '"files.includes" in biome.json',
  oxlint: '"ignorePatterns" in .oxlintrc.json',
};

/** Those that a project or its workspace has: how each leaves a folder alone. */
export function listRewriters(project: Project): string[] {
  const above = listManifestsAbove(project.root).map(({ manifest }) => manifest);
  const names = new Set(
    [readManifest(project), ...above].flatMap(({ dependencies, devDependencies }) =>
      Object.keys({ ...dependencies, ...devDependencies }),
    ),
  );
  return Object.entries(REWRITERS).flatMap(([name, how]) => (names.has(name) ? [how] : []));
}
