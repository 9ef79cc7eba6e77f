import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

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

/** The JavaScript that is named beside the address of its own file. */
const listStarted = (text: string): string[] =>
  [...text.matchAll(/'([^'\n]+\.js)',\s*(?:import\.meta\.url|require\()/g)].flatMap(
    ([, name]) => name ?? [],
  );
