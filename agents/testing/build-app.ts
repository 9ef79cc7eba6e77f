import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../scripts/files/root.ts';
import { buildCli } from './build-cli.ts';
import { makeProject } from './test-library.ts';

/** An app that was built: how it starts, and the folder of its migrations. */
export type BuiltApp = Disposable & { main: URL; migrations: string };

/** An app of its own code, in a folder of fixtures, and of patterns that the package's command added to it; its types hold. */
export async function buildApp(name: string, patterns: string[]): Promise<BuiltApp> {
  const source = join(ROOT, 'agents/testing/fixtures', name);
  using cli = await buildCli('1.0.0');
  const { folder, ...place } = makeProject({
    'tsconfig.json': JSON.stringify({ compilerOptions: COMPILER_OPTIONS }),
  });
  run(cli.program, 'add', ...patterns, '--cwd', folder);
  cpSync(join(source, 'main.ts'), join(folder, 'main.ts'));
  const schema = join(source, 'schema.sql');
  if (existsSync(schema)) cpSync(schema, join(folder, 'migrations/9999_app.sql'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  run(join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', folder);
  return {
    ...place,
    main: pathToFileURL(join(folder, 'main.ts')),
    migrations: join(folder, 'migrations'),
  };
}

const COMPILER_OPTIONS = {
  allowImportingTsExtensions: true,
  exactOptionalPropertyTypes: true,
  module: 'nodenext',
  noEmit: true,
  noUncheckedIndexedAccess: true,
  strict: true,
  target: 'esnext',
  types: ['node'],
};

function run(...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}\n${stdout}${stderr}`);
}
