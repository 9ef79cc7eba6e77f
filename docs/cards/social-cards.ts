import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { count } from '../../scripts/text/count.ts';
import { nameLevel } from '../components/levels.ts';
import { titleCase } from '../sidebar.ts';
import { siteTitle } from '../site.ts';
import { type Card, prepareCards } from './draw-card.ts';
import { readMeta } from './read-meta.ts';

/** Draws for each built page the picture that stands for it where somebody links to it: `/proof.png` for `/proof/`. */
export function socialCards(): AstroIntegration {
  return {
    name: 'social-cards',
    hooks: {
      'astro:build:done': async ({ dir }) => drawCards(fileURLToPath(dir)),
    },
  };
}

async function drawCards(folder: string): Promise<void> {
  const drawCard = await prepareCards(siteTitle);
  const facts = readFacts(folder);
  for (const path of globSync('**/*.html', { cwd: folder })) {
    const page = path.replaceAll('\\', '/').replace(/(?:\/index)?\.html$/, '');
    const meta = readMeta(readFileSync(join(folder, path), 'utf8'));
    const title = meta.get('og:title') ?? '';
    const description = meta.get('og:description') ?? '';
    const card = { title, description, ...(facts.get(page) ?? { kind: '', proven: '' }) };
    writeFileSync(join(folder, `${page}.png`), drawCard(card));
  }
}

type Pattern = { id: string; area: string; level: number; evidence: { failures: number } };

/** What cards say of patterns beyond what the page's head says, by page. */
function readFacts(folder: string): Map<string, Pick<Card, 'kind' | 'proven'>> {
  const { patterns } = JSON.parse(readFileSync(join(folder, 'patterns.json'), 'utf8'));
  return new Map(patterns.map(describePattern));
}

function describePattern({ id, area, level, evidence }: Pattern) {
  const kind = `${titleCase(area)} · level ${nameLevel(level)}`;
  return [`patterns/${id}`, { kind, proven: `${count(evidence.failures, 'failure')} tested` }];
}
