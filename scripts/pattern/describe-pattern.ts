import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readFrontmatter } from '../page/frontmatter.ts';
import { examplePath, pagePath } from './ids.ts';

/** What a list of patterns shows of one. */
export type PatternDescription = { id: string; title: string; needs: string[] };

const manifestSchema = z.object({ description: z.string() });

/** Title and services from the page; while it has no valid frontmatter, the example's description. */
export function describePattern(root: string, id: string): PatternDescription {
  const page = join(root, pagePath(id));
  const { data } = existsSync(page) ? readFrontmatter(page, readFileSync(page, 'utf8')) : {};
  if (data) return { id, title: data.title, needs: data.needs };
  const manifest = readFileSync(join(root, examplePath(id, 'package.json')), 'utf8');
  return { id, title: manifestSchema.parse(JSON.parse(manifest)).description, needs: [] };
}
