import { readLock } from './lock-file.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';

/** Where files go in a project, and how they must be written there. */
export type Settings = {
  /** The folder of the patterns. */
  directory: string;
  migrations: string;
  /** How a file names another: `./a.ts`, or `./a.js` as TypeScript has long had it. */
  imports: 'ts' | 'js';
  /** Whether TypeScript is compiled to files, so that a worker's file is a `.js` one day. */
  emits: boolean;
};

/** What a caller may decide; the project decides the rest. */
export type SettingsWish = {
  directory?: string | undefined;
  migrations?: string | undefined;
  imports?: string | undefined;
};

const MIGRATION_FOLDERS = ['migrations', 'db/migrations', 'database/migrations', 'src/migrations'];

/** The wish first, then what the lock remembers, then what the project looks like. */
export function findSettings(project: Project, wish: SettingsWish = {}): Settings {
  const lock = readLock(project);
  const compiler = readCompilerOptions(project);
  const directory = project.list('src').length > 0 ? 'src/patterns' : 'patterns';
  const migrations = MIGRATION_FOLDERS.find((folder) => project.list(folder).length > 0);
  const settings: Settings = {
    directory: clean(wish.directory ?? lock?.directory ?? directory),
    migrations: clean(wish.migrations ?? lock?.migrations ?? migrations ?? 'migrations'),
    imports: readImports(wish.imports) ?? lock?.imports ?? (compiler.tsImports ? 'ts' : 'js'),
    emits: compiler.emits,
  };
  // Whatever leads out of the project is refused before anything is planned.
  for (const folder of [settings.directory, settings.migrations]) project.list(folder);
  return settings;
}

const clean = (folder: string): string => folder.replace(/^\.\/|\/+$/g, '') || '.';

function readImports(wish: string | undefined): 'ts' | 'js' | undefined {
  if (wish === undefined || wish === 'ts' || wish === 'js') return wish;
  throw new ProjectError(`imports is "ts" or "js", not ${JSON.stringify(wish)}`);
}

/** Without a tsconfig.json, Node runs the TypeScript as it is, and wants `.ts`. */
function readCompilerOptions(project: Project): { tsImports: boolean; emits: boolean } {
  const text = readConfig(project, 'tsconfig.json');
  if (text === undefined) return { tsImports: true, emits: false };
  const has = (option: string) => new RegExp(`"${option}"\\s*:\\s*true`).test(text);
  return {
    tsImports: has('allowImportingTsExtensions') || has('rewriteRelativeImportExtensions'),
    emits: !has('noEmit') && !has('emitDeclarationOnly'),
  };
}

/** The text of a configuration and of the files of the project that it extends, without comments. */
function readConfig(project: Project, path: string, depth = 0): string | undefined {
  const text = project.read(path)?.replace(/^\s*\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
  const base = /"extends"\s*:\s*"\.\/([^"]+)"/.exec(text ?? '')?.[1];
  if (text === undefined || base === undefined || depth > 5) return text;
  const name = base.endsWith('.json') ? base : `${base}.json`;
  return text + (readConfig(project, name, depth + 1) ?? '');
}
