import { join } from 'node:path';
import { parseTsconfig, type TsConfigJsonResolved } from 'get-tsconfig';
import { TYPES_FLOOR } from '../library/floors.ts';
import { readProjectLock } from './lock-file.ts';
import { readManifest } from './package-json.ts';
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
  /** Whether what TypeScript emits is CommonJS. */
  isCommonJs: boolean;
  /** Whether the compiler knows what of ECMAScript the patterns use. */
  knowsFloor: boolean;
};

/** What a caller may decide; the project decides the rest. */
export type SettingsOptions = {
  directory?: string | undefined;
  migrations?: string | undefined;
  imports?: string | undefined;
  /** Says whether TypeScript is compiled where no tsconfig.json can be read. */
  emits?: boolean | undefined;
};

const MIGRATION_FOLDERS = ['migrations', 'db/migrations', 'database/migrations', 'src/migrations'];

/** The options first, then what the lock remembers, then what the project looks like. */
export function findSettings(project: Project, options: SettingsOptions = {}): Settings {
  const lock = readProjectLock(project);
  const compiler = readCompilerSettings(project);
  const directory = project.list('src').length > 0 ? 'src/patterns' : 'patterns';
  const migrations = MIGRATION_FOLDERS.find((folder) => project.list(folder).length > 0);
  const settings: Settings = {
    directory: clean(options.directory ?? lock?.directory ?? directory),
    migrations: clean(options.migrations ?? lock?.migrations ?? migrations ?? 'migrations'),
    imports: readImports(options.imports) ?? lock?.imports ?? compiler.imports,
    emits: options.emits ?? compiler.emits,
    isCommonJs: compiler.isCommonJs,
    knowsFloor: compiler.knowsFloor,
  };
  // Whatever leads out of the project is refused before anything is planned.
  for (const folder of [settings.directory, settings.migrations]) project.list(folder);
  return settings;
}

const clean = (folder: string): string => folder.replace(/^\.\/|\/+$/g, '') || '.';

function readImports(word: string | undefined): 'ts' | 'js' | undefined {
  if (word === undefined || word === 'ts' || word === 'js') return word;
  throw new ProjectError(`imports must be "ts" or "js", not ${JSON.stringify(word)}`);
}

type CompilerSettings = Pick<Settings, 'imports' | 'emits' | 'isCommonJs' | 'knowsFloor'>;

/** Without a tsconfig.json, Node runs the TypeScript as it is, and wants `.ts`. */
function readCompilerSettings(project: Project): CompilerSettings {
  if (!project.list('.').includes('tsconfig.json'))
    return { imports: 'ts', emits: false, isCommonJs: false, knowsFloor: true };
  const { compilerOptions: options = {} } = parseConfig(join(project.root, 'tsconfig.json'));
  const namesTs = options.allowImportingTsExtensions || options.rewriteRelativeImportExtensions;
  const emits = !options.noEmit && !options.emitDeclarationOnly;
  const isModule = readManifest(project).type === 'module';
  return {
    imports: namesTs ? 'ts' : 'js',
    emits,
    isCommonJs: emits && !isModule && !isEsm(options.module),
    knowsFloor: (options.lib ?? [options.target ?? 'esnext']).some(reachesFloor),
  };
}

/** `es2024`, `esnext.promise` and the like. A compiler that is told nothing is new, or older than any project. */
function reachesFloor(name: string): boolean {
  const [, year] = /^es(\d+|next)/i.exec(name) ?? [];
  return year === 'next' || Number(year) >= Number(TYPES_FLOOR.slice(2));
}

/** Node's own settings, `node16` and the like, follow package.json; without one, compilers before TypeScript 6 emit CommonJS. */
const isEsm = (module = ''): boolean => /^(es|preserve)/i.test(module);

/** The configuration with all that it extends, in whatever folder or package that is. */
function parseConfig(path: string): TsConfigJsonResolved {
  try {
    return parseTsconfig(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProjectError(
      `tsconfig.json cannot be read: ${reason} Fix it, or install the package that it extends.`,
    );
  }
}
