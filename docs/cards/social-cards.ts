import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCount } from '../../scripts/text/describe-count.ts';
import type { BuiltPage } from '../built-pages/read-built-pages.ts';
import { nameLevel } from '../components/levels.ts';
import { siteTitle } from '../site.ts';
import { titleCase } from '../text/title-case.ts';
import { type Card, prepareCards } from './draw-card.ts';
import { readMeta } from './read-meta.ts';

/** Opens the writing of cards, the picture that other sites show for a link to a page: `/proof.png` for `/proof/`. */
export async function openSocialCards(folder: string): Promise<(page: BuiltPage) => void> {
  const drawCard = await prepareCards(siteTitle);
  const facts = readFacts(folder);
  return function writeCard({ file, html }) {
    const page = file.replace(/(?:\/index)?\.html$/, '');
    const meta = readMeta(html);
    const title = meta.get('og:title') ?? '';
    const description = meta.get('og:description') ?? '';
    const card = { title, description, ...(facts.get(page) ?? { kind: '', proven: '' }) };
    writeFileSync(join(folder, `${page}.png`), drawCard(card));
  };
}

type Pattern = { id: string; area: string; level: number; evidence: { failures: number } };

/** What cards say of patterns beyond what the page's head says, by page. */
function readFacts(folder: string): Map<string, Pick<Card, 'kind' | 'proven'>> {
  const { patterns } = JSON.parse(readFileSync(join(folder, 'patterns.json'), 'utf8'));
  return new Map(patterns.map(describePattern));
}

function describePattern({ id, area, level, evidence }: Pattern) {
  const kind = `${titleCase(area)} · level ${nameLevel(level)}`;
  return [
    `patterns/${id}`,
    { kind, proven: `${describeCount(evidence.failures, 'failure')} tested` },
  ];
}
