import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { readFrontmatter } from '../../scripts/page/frontmatter.ts';
import { nameTwin } from '../markdown-twins/markdown-twin.ts';

/** Where the address of each former id of a pattern leads: `/patterns/jobs/old/` to `/patterns/jobs/queue/`. */
export function listRedirects(root: string): Record<string, string> {
  const pages = globSync('patterns/*/*.md', { cwd: root }).map((path) =>
    path.replaceAll('\\', '/'),
  );
  return Object.fromEntries(
    pages.sort().flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      if (!text.includes('formerly')) return []; // hardly a page has it, and to read YAML takes long
      const { data } = readFrontmatter(page, text);
      const address = `/${page.replace(/\.md$/, '/')}`;
      return (data?.formerly ?? []).map((id) => [`/patterns/${id}/`, address]);
    }),
  );
}

/** Writes the redirects for hosts that answer them themselves, Netlify and Cloudflare Pages, twins included. */
export function redirectsFile(redirects: Record<string, string>): AstroIntegration {
  const lines = Object.entries(redirects).flatMap(([from, to]) => [
    `${from} ${to} 301`,
    `${nameTwin(from)} ${nameTwin(to)} 301`,
  ]);
  return {
    name: 'redirects-file',
    hooks: {
      'astro:build:done': ({ dir }) => {
        if (lines.length === 0) return;
        writeFileSync(join(fileURLToPath(dir), '_redirects'), `${lines.join('\n')}\n`);
      },
    },
  };
}
