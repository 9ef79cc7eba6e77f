import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { openSocialCards } from '../cards/social-cards.ts';
import { findInlineScripts, writeSecurityHeaders } from '../hosting/security-headers.ts';
import { writePageTwin } from '../markdown-twins/page-twins.ts';
import { readBuiltPages } from './read-built-pages.ts';

/** Makes from each built page its card and its twin, and from all of them the headers that hosts send. */
export function finishPages(): AstroIntegration {
  return {
    name: 'finish-pages',
    hooks: {
      'astro:build:done': async ({ dir }) => finishFolder(fileURLToPath(dir)),
    },
  };
}

async function finishFolder(folder: string): Promise<void> {
  const writeCard = await openSocialCards(folder);
  const scripts = new Set<string>();
  for (const page of readBuiltPages(folder)) {
    writeCard(page);
    for (const script of findInlineScripts(page.html)) scripts.add(script);
    writePageTwin(folder, page);
  }
  writeSecurityHeaders(folder, [...scripts].sort());
}
