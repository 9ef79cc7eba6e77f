import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { slugOf } from '../../scripts/pattern/ids.ts';

const PATTERNS = 'src/patterns';

/**
 * Bundles each file of a project that TypeScript compiled to `dist`, and looks whether what is
 * started by the address of its file, as a worker is, is found there; throws what is missing.
 */
export async function buildProject(root: string, type: 'module' | 'commonjs'): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: globSync(`${PATTERNS}/**/*.ts`, { cwd: root }),
    outdir: join(root, 'bundle'),
    outbase: 'src',
    bundle: true,
    write: false,
    format: type === 'module' ? 'esm' : 'cjs',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  const missing = globSync('dist/**/*.js', { cwd: root }).flatMap((file) =>
    listStarted(readFileSync(join(root, file), 'utf8'))
      .map((name) => join(dirname(file), name))
      .filter((name) => !existsSync(join(root, name))),
  );
  if (missing.length > 0) throw new Error(`compiled code starts what is not there: ${missing}`);
}

/** Whether a pattern of a project uses nothing that only an ES module has. */
export function runsAsCommonJs(root: string, id: string): boolean {
  const folder = join(root, PATTERNS, slugOf(id));
  return globSync('**/*.ts', { cwd: folder }).every((path) => {
    const text = readFileSync(join(folder, path), 'utf8');
    return !/\bimport\.meta\b|^(?:(?:export )?const [^=]*= )?await /m.test(text);
  });
}

/** The JavaScript that is named beside `import.meta.url`. */
const listStarted = (text: string): string[] =>
  [...text.matchAll(/'([^'\n]+\.js)',\s*import\.meta\.url/g)].flatMap(([, name]) => name ?? []);
