import { TESTS_FOLDER } from '../../scripts/pattern/copied-tests.ts';
import { TESTS_NODE_FLOOR } from '../library/floors.ts';
import { FROM_CLONE, NPX, PACKAGE } from '../library/package-name.ts';
import type { ServiceTemplate } from '../library/types.ts';

/** Where the code of a new service is, with the patterns and the migrations in it. */
export const SERVICE_FOLDERS = { directory: 'src/patterns', migrations: 'src/migrations' } as const;

/** The name that the example of the service gives itself. */
const EXAMPLE_NAME = "name: 'shop'";

/** What lies around the code of a service: it decides how patterns are added. */
export function writeProjectFiles(name: string, service: ServiceTemplate): Map<string, string> {
  const { dependencies, devDependencies } = service;
  const manifest = { name, version: '0.1.0', private: true, type: 'module', ...COMMANDS };
  return new Map([
    ['package.json', toText({ ...manifest, dependencies, devDependencies })],
    ['tsconfig.json', toText({ compilerOptions: COMPILER, include: ['src'] })],
    ['.gitignore', 'node_modules/\n.data/\n'],
    ['README.md', writeReadme(name)],
  ]);
}

/** The code of a service that is its owner's. */
export const writeCodeFiles = (name: string, { files }: ServiceTemplate): Map<string, string> =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      `src/${path}`,
      text.replace(EXAMPLE_NAME, `name: '${name}'`),
    ]),
  );

const toText = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const COMMANDS = {
  engines: { node: `>=${TESTS_NODE_FLOOR}` },
  scripts: {
    start: 'node src/main.ts',
    serve: 'node src/serve.ts',
    check: 'tsc',
    test: 'vitest run',
    'test:patterns': `vitest run --root ${SERVICE_FOLDERS.directory}/${TESTS_FOLDER}`,
  },
};

/** Node runs the TypeScript as it is: nothing is compiled, types are checked. */
const COMPILER = {
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  lib: ['esnext', 'dom', 'dom.iterable'],
  module: 'nodenext',
  noEmit: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  strict: true,
  target: 'esnext',
  types: ['node'],
  verbatimModuleSyntax: true,
};

const writeReadme = (name: string): string => `# ${name}

\`${PACKAGE}\` is not on npm yet. First, run \`${FROM_CLONE.pack}\` in a clone of Touchstone, then \`${FROM_CLONE.install}\` here: it installs all packages.

\`\`\`sh
npm start               # http://127.0.0.1:3000, on a Postgres in .data unless DATABASE_URL is set
npm test                # the tests of this service, on a Postgres of their own
npm run check           # types
npm run test:patterns   # the failure tests of the patterns that were added
\`\`\`

\`\`\`sh
curl http://127.0.0.1:3000/orders -H 'content-type: application/json' -d '{"customer":"Ada","cents":4200}'
curl http://127.0.0.1:3000/orders/1
curl http://127.0.0.1:3000/readyz
\`\`\`

In production, set \`DATABASE_URL\` and \`HOST\`, and start \`node src/serve.ts\`; \`src/settings.ts\` lists all variables. It needs Node ${TESTS_NODE_FLOOR} or newer and Postgres 18.

| file | what it is |
| --- | --- |
| \`src/serve.ts\` | wires settings, log, routes and jobs; what production starts |
| \`src/settings.ts\` | the environment variables |
| \`src/app.ts\` | the routes |
| \`src/orders.ts\` | an order and the job that confirms it: replace them by what the service does |
| \`src/migrations/\` | the tables; name the next file \`NNNN-what-it-does.up.sql\` |
| \`src/main.ts\` | \`npm start\`: a Postgres for development, then \`serve.ts\` |
| \`src/patterns/\` | patterns, copied: yours to change, and \`${NPX} update\` merges what is new |

More patterns: \`${NPX} search "<problem>"\`, then \`${NPX} add <id> --with-tests\`.
`;
