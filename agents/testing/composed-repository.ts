import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildLibrary } from '../generate/build-library.ts';
import { writeLibraryFiles } from '../generate/build-package.ts';
import { openLibrary } from '../library/open-library.ts';
import { makeFolder } from './test-library.ts';

export const LOCKS = 'postgres/locks';
export const QUEUE = 'jobs/queue';
export const MAILS = 'mails/sending';
export const DEVICES = 'iot/devices';

type Page = { files: string[]; requires?: string[] };

const writePage = ({ files, requires = [] }: Page): string =>
  [
    '---\ntitle: Name\nsummary: Outcome\nlevel: 2\nsymptoms: { one: 1st, two: 2nd, three: 3rd }',
    'useWhen: [one]\nnotWhen: [{ when: two, instead: three }]',
    `requires: [${requires.join(', ')}]\nfiles: [${files.join(', ')}]\n---\n\n## Problem\n\nNone.\n`,
  ].join('\n');

const writeManifest = (dependencies: Record<string, string>): string =>
  JSON.stringify({ dependencies, devDependencies: { vitest: '5.1.1' } });

const FAILURES = "import { failure } from '@touchstone/kit/testing/failure';\nfailure();\n";

/** A queue and a sender of mails, which build on locks: in folders, over a worker and with tables. */
const FILES: Record<string, string> = {
  'package.json': '{}',
  'docs/catalogue.json': '{ "areas": [], "topics": [] }',
  'examples/kit/package.json': '{}',
  'examples/kit/testing/failure.ts': 'export const failure = () => undefined;\n',

  'patterns/postgres/locks.md': writePage({ files: ['lock.ts', 'lock-worker.ts', 'schema.sql'] }),
  'examples/postgres/locks/package.json': writeManifest({ pg: '8.1.0' }),
  'examples/postgres/locks/lock.ts': `import 'pg';
import { key } from './keys/key.ts';

export const lock = (): string => key + (process.env.LOCK_URL ?? '');
`,
  'examples/postgres/locks/keys/key.ts': "export const key = 'key';\n",
  'examples/postgres/locks/lock-worker.ts': 'export {};\n',
  'examples/postgres/locks/schema.sql': 'create table locks (key text primary key);\n',
  'examples/postgres/locks/failures.test.ts': `${FAILURES}import './lock.ts';\n`,

  'patterns/jobs/queue.md': writePage({ files: ['queue.ts', 'schema.sql'], requires: [LOCKS] }),
  'examples/jobs/queue/package.json': writeManifest({ zod: '4.1.0' }),
  'examples/jobs/queue/queue.ts': `import 'zod';
import { lock } from '../../postgres/locks/lock.ts';

export const queue = (): string => lock();
export const worker = new URL('../../postgres/locks/lock-worker.ts', import.meta.url);
export const schema = 'a string that names ../../postgres/locks, and stays';
`,
  'examples/jobs/queue/schema.sql': 'create table jobs (lock text references locks);\n',
  'examples/jobs/queue/test-tables.ts': `export const TABLES = [
  new URL('../../postgres/locks/schema.sql', import.meta.url),
  new URL('schema.sql', import.meta.url),
];
`,
  'examples/jobs/queue/failures.test.ts': `${FAILURES}import { lock } from '../../postgres/locks/lock.ts';
import { queue } from './queue.ts';
import { TABLES } from './test-tables.ts';
queue() === lock() && TABLES;
`,

  'patterns/iot/devices.md': writePage({ files: ['devices.ts'] }),
  'examples/iot/devices/package.json': writeManifest({}),
  'examples/iot/devices/devices.ts': 'export const devices = [];\n',

  'patterns/mails/sending.md': writePage({ files: ['inner/send.ts'], requires: [LOCKS, QUEUE] }),
  'examples/mails/sending/package.json': writeManifest({}),
  'examples/mails/sending/failures.test.ts': `${FAILURES}import '../../iot/devices/devices.ts';\n`,
  'examples/mails/sending/inner/send.ts': `import { queue } from '../../../jobs/queue/queue.ts';
export type { lock } from '../../../postgres/locks/lock.ts';

export const send = (): string => queue();
`,
};

/** The library of a small repository whose patterns build on each other; `changes` replace files of it. */
export function buildComposedLibrary(changes: Record<string, string> = {}, version = '1.0.0') {
  const place = makeFolder();
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    const file = join(place.folder, 'repository', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const built = buildLibrary(join(place.folder, 'repository'), version);
  writeLibraryFiles(built, join(place.folder, 'library'));
  return { ...place, built, library: openLibrary(join(place.folder, 'library')) };
}

/** The page of a pattern of that repository, with other requirements. */
export const writeComposedPage = writePage;
