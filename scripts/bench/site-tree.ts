import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../files/root.ts';

type BenchPage = { id: string; original: string; text: string };

const OWN = [
  'agents',
  'astro.config.mjs',
  'docs',
  'package.json',
  'tsconfig.json',
  'scripts',
  'examples/kit/package.json',
];

/** Our site with that many pattern pages: the real ones, and copies of them and their examples under new ids. */
export function writeOwnSite(root: string, count: number): void {
  for (const path of OWN) copy(join(ROOT, path), join(root, path));
  for (const { id, original, text } of listPages(count)) {
    write(join(root, `patterns/${id}.md`), text);
    copy(join(ROOT, 'examples', original), join(root, 'examples', id));
  }
  linkModules(root);
  commitAll(root);
}

/** Starlight as it comes with the same titles and text, and nothing of ours. */
export function writePlainSite(root: string, count: number): void {
  copy(join(ROOT, 'package.json'), join(root, 'package.json')); // names the packages that Vite must transform
  write(join(root, 'astro.config.mjs'), PLAIN_CONFIG);
  write(join(root, 'src/content.config.ts'), PLAIN_CONTENT);
  for (const { id, text } of listPages(count)) {
    const [, frontmatter = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
    const { title, summary } = parse(frontmatter);
    const head = JSON.stringify({ title, description: summary });
    write(join(root, `src/content/docs/patterns/${id}.md`), `---\n${head}\n---\n${body}`);
  }
  linkModules(root);
}

/** The real pages first, then as many copies of each in turn as it takes. */
function listPages(count: number): BenchPage[] {
  const originals = globSync('*/*.md', { cwd: join(ROOT, 'patterns') }).sort();
  return Array.from({ length: count }, (_, index) => {
    const path = originals[index % originals.length] ?? '';
    const original = path.replace(/\.md$/, '');
    const copies = Math.floor(index / originals.length);
    const id = copies === 0 ? original : `${original}-${copies + 1}`;
    const text = readFileSync(join(ROOT, 'patterns', path), 'utf8');
    // No two pages are the same: Astro keeps equal texts once, which no real site gains by.
    return { id, original, text: `${text}\nThis page is ${id}.\n` };
  });
}

/** A folder of links, so that each site keeps its own cache in it. */
function linkModules(root: string): void {
  const modules = join(ROOT, 'node_modules');
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(modules))
    if (name !== '.astro' && name !== '.vite')
      symlinkSync(join(modules, name), join(root, 'node_modules', name));
}

/** Our pages tell from the history when they changed: it is a part of the work. */
function commitAll(root: string): void {
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  const git = (...words: string[]) => execFileSync('git', [...author, ...words], { cwd: root });
  git('init', '--quiet');
  git('add', 'docs', 'examples', 'patterns');
  git('commit', '--quiet', '--message', 'All');
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const PLAIN_CONFIG = `import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';

export default defineConfig({
  site: 'https://plain.example',
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  integrations: [starlight({ title: 'Plain' })],
});
`;

const PLAIN_CONTENT = `import { defineCollection } from 'astro:content';
import { docsLoader } from '@astrojs/starlight/loaders';
import { docsSchema } from '@astrojs/starlight/schema';

export const collections = {
  docs: defineCollection({ loader: docsLoader(), schema: docsSchema() }),
};
`;
