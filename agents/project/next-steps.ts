import { TESTS_FOLDER } from '../../scripts/pattern/copied-tests.ts';
import { NPX, PACKAGE } from '../library/package-name.ts';
import { nameMigration, sayGrant } from '../library/say-migrations.ts';
import type { PatternManifest } from '../library/types.ts';
import type { AddPlan, PlannedFile } from './plan-add.ts';

type Circumstances = {
  manifests: PatternManifest[];
  /** The services that they run on, `postgres 15` for that version or a newer one. */
  needs: string[];
  /** What is to be said of install scripts; empty for nothing. */
  scripts: string;
  /** The linters and formatters of the project, each with how it leaves a folder alone. */
  rewriters: string[];
  isModule: boolean;
  manager: string;
  isNest: boolean;
  /** The project applies its migrations itself when it starts. */
  migratesAtStart: boolean;
};

/** pnpm ends with an error until each install script is allowed or not; Postgres and esbuild work without theirs. */
const NOTES: Record<string, string> = {
  pnpm: ' (it asks about install scripts, and none is needed: pnpm approve-builds, select none)',
};

/** How the packages are installed. */
export const sayInstall = (manager: string): string =>
  `Install the packages: ${manager} install${NOTES[manager] ?? ''}`;

/** What is left to do once a plan is written, a sentence each. */
export function listNext(
  { asked, settings, files, packages, others, environment }: Omit<AddPlan, 'next'>,
  {
    manifests,
    needs,
    scripts,
    rewriters,
    isModule,
    manager,
    isNest,
    migratesAtStart,
  }: Circumstances,
): string[] {
  const written = files.filter(({ state }) => state === 'write');
  const copied = unique(written.filter(isOf('pattern')).map(({ pattern }) => pattern));
  const migrations = written.filter(isOf('migration'));
  const yours = unique(manifests.flatMap(({ yours }) => yours));
  const lacksPackages = Object.values(packages).some((one) => Object.keys(one).length > 0);
  const versions = others.filter(({ name }) => name !== PACKAGE);
  const postgres = Math.max(0, ...needs.map(readPostgres));
  const id = asked.length === 1 ? asked[0] : '<id>';
  return [
    isModule || settings.isCommonJs
      ? ''
      : 'Set "type": "module" in package.json: the files are ES modules.',
    scripts,
    lacksPackages ? sayInstall(manager) : '',
    copied.length > 0 && rewriters.length > 0
      ? `Have your tools leave ${settings.directory}/ alone: ${rewriters.join('; ')}. What they rewrite there counts as an edit of yours.`
      : '',
    ...versions.map(
      ({ name, present, proven }) =>
        `${name}: yours is ${present}; the pattern was tested with ${proven}.`,
    ),
    ...sayMigrations(migrations, manifests, migratesAtStart),
    migrations.length > 0 && yours.length > 0
      ? `The migration leaves out tables that most projects have: ${yours.join(', ')}. Change what refers to yours; make those that you lack in a migration before it.`
      : '',
    postgres > 0 ? `Use Postgres ${postgres} or newer.` : '',
    environment.length > 0 ? `Set in the environment: ${environment.join(', ')}.` : '',
    written.some(isOf('test'))
      ? `Run the failure tests: npx vitest run --root ${settings.directory}/${TESTS_FOLDER}`
      : '',
    ...(isNest ? manifests.filter(({ id }) => copied.includes(id)).map(sayNestNote) : []),
    copied.length > 0 ? `See how it is wired: ${NPX} show ${id}` : '',
  ].filter(Boolean);
}

function sayMigrations(
  migrations: PlannedFile[],
  manifests: PatternManifest[],
  migratesAtStart: boolean,
): string[] {
  if (migrations.length === 0) return [];
  const found = migrations.map(({ pattern, path, source }) => {
    const { migrations = [] } = manifests.find(({ id }) => id === pattern) ?? {};
    return { ...migrations.find((one) => one.path === source), path };
  });
  const list = found.map(nameMigration).join(', ');
  const tables = found.flatMap(({ tables = [] }) => tables);
  if (migratesAtStart) return [`Read what the start applies: ${list}.`];
  return [
    found.length === 1
      ? `Read and apply ${list}.`
      : `Read and apply in this order, with the role that owns your tables unless another is named: ${list}.`,
    tables.length > 0 ? sayGrant(tables) : '',
  ];
}

const sayNestNote = ({ id, nestNote }: PatternManifest): string => nestNote && `${id}: ${nestNote}`;

const readPostgres = (need: string): number => Number(/^postgres (\d+)$/.exec(need)?.[1] ?? 0);

const isOf =
  (role: string) =>
  (file: { role: string }): boolean =>
    file.role === role;

const unique = (words: string[]): string[] => [...new Set(words)];
