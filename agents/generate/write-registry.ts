import { siteUrl } from '../../docs/site.ts';
import { NPX } from '../library/package-name.ts';
import type { BuiltPattern } from './build-library.ts';
import type { CopiedText } from './prepare-copy.ts';

type Item = {
  name: string;
  type: 'registry:item';
  title: string;
  description: string;
  dependencies: string[];
  devDependencies: string[];
  registryDependencies?: string[];
  files: { path: string; type: 'registry:file'; target: string; content?: string }[];
  docs: string;
};

const SCHEMAS = 'https://ui.shadcn.com/schema';

/** The patterns as `shadcn add` takes them, by path: `registry.json` and one item for each. */
export function writeRegistry(patterns: readonly BuiltPattern[]): [string, string][] {
  const items = patterns.map(toItem);
  const registry = {
    $schema: `${SCHEMAS}/registry.json`,
    name: 'touchstone',
    homepage: siteUrl,
    items: items.map(leaveOutContent),
  };
  return [
    ['registry.json', JSON.stringify(registry)],
    ...items.map((item): [string, string] => [
      `r/${item.name}.json`,
      JSON.stringify({ $schema: `${SCHEMAS}/registry-item.json`, ...item }),
    ]),
  ];
}

/** Without the tests: they need the kit, which `touchstone add` brings along. */
function toItem({ source, copy }: BuiltPattern): Item {
  const { id, area, slug, data } = source;
  const texts = copy.texts.filter(({ role }) => role !== 'test');
  return {
    name: `${area}-${slug}`,
    type: 'registry:item',
    title: data.title,
    description: data.summary,
    dependencies: toList(copy.manifest.dependencies),
    devDependencies: toList(copy.manifest.devDependencies),
    // As shadcn resolves a name of another registry than its own; it needs `registries` for it.
    ...(data.requires.length > 0 && {
      registryDependencies: data.requires.map((other) => `@touchstone/${other.replace('/', '-')}`),
    }),
    files: texts.map(({ role, path, text }) => ({
      path: `library/patterns/${id}/files/${role}/${path}`,
      type: 'registry:file',
      target: `~/src/patterns/${slug}/${path}`,
      content: text,
    })),
    docs: writeDocs(id, { migrations: listMigrations(texts), requires: data.requires }),
  };
}

const listMigrations = (texts: CopiedText[]): string[] =>
  texts.filter(({ role }) => role === 'migration').map(({ path }) => path);

/** What shadcn prints once the files are there. */
function writeDocs(
  id: string,
  { migrations, requires }: { migrations: string[]; requires: string[] },
): string {
  return [
    ...(migrations.length > 0 ? [`Run as a migration: ${migrations.join(', ')}.`] : []),
    ...(requires.length > 0
      ? [`It builds on ${requires.join(', ')}, in the folder beside it.`]
      : []),
    `Its tests: ${NPX} add ${id} --with-tests`,
  ].join(' ');
}

const toList = (packages: Record<string, string>): string[] =>
  Object.entries(packages).map(([name, version]) => `${name}@${version}`);

const leaveOutContent = (item: Item): Item => ({
  ...item,
  files: item.files.map(({ path, type, target }) => ({ path, type, target })),
});
