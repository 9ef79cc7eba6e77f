import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { areaOf, slugOf } from '../../scripts/pattern/ids.ts';
import type { CommittedPattern } from './committed-pattern.ts';

type Catalogue = { topics: { id: string; title: string; promise: string }[] };

/** As many patterns as a test asks for, taken evenly from all areas of the catalogue. */
export function createSamplePatterns(count: number): CommittedPattern[] {
  const { topics } = JSON.parse(
    readFileSync(join(ROOT, 'docs/catalogue.json'), 'utf8'),
  ) as Catalogue;
  return Array.from({ length: count }, (_, index) => {
    const topic = topics[Math.floor((index * topics.length) / count)];
    if (topic === undefined) throw new RangeError('the catalogue is empty');
    const { id, title, promise } = topic;
    // A symptom is of 90 characters at most, as the frontmatter has it.
    const symptoms = [promise.slice(0, 90), `It fails: ${promise}`.slice(0, 90)];
    const keywords = title
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((word) => word.length > 2);
    return {
      id,
      area: areaOf(id),
      slug: slugOf(id),
      title,
      symptoms,
      keywords,
      standard: `# ${title}\n`,
    };
  });
}
