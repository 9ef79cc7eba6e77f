import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Proof, parseProof } from '../../scripts/engine/records.ts';
import { type PatternFrontmatter, readFrontmatter } from '../../scripts/page/frontmatter.ts';
import { listPatterns } from '../../scripts/repository.ts';
import { readExample } from '../../scripts/sources.ts';
import type { Packages } from '../library/types.ts';

/** A pattern as the repository has it: page, example and proof. */
export type SourcePattern = {
  id: string;
  area: string;
  slug: string;
  data: PatternFrontmatter;
  /** The page without its frontmatter. */
  body: string;
  sources: ReadonlyMap<string, string>;
  /** What the example asks for in its package.json. */
  packages: Packages;
  proof?: Proof;
};

/** Every pattern whose page can be read, sorted by id; what cannot is for the check to tell. */
export function readPatterns(root: string): SourcePattern[] {
  return listPatterns(root).flatMap((id) => readPattern(root, id) ?? []);
}

function readPattern(root: string, id: string): SourcePattern | undefined {
  const example = readExample(root, id);
  const text = readIfThere(join(root, `patterns/${id}.md`));
  const { data } = text === undefined ? {} : readFrontmatter(`patterns/${id}.md`, text);
  if (example === undefined || text === undefined || data === undefined) return undefined;
  const proof = example.proof === undefined ? undefined : parseProof(example.proof).value;
  return toSourcePattern({ id, text, data, sources: example.sources, proof });
}

/** What was read of a pattern. */
export type ReadParts = Pick<SourcePattern, 'id' | 'data' | 'sources'> & {
  /** The page. */
  text: string;
  proof: Proof | undefined;
};

/** A pattern of what was read of it. */
export function toSourcePattern({ id, text, data, sources, proof }: ReadParts): SourcePattern {
  const [area = '', slug = ''] = id.split('/');
  return {
    id,
    area,
    slug,
    data,
    body: text.slice(text.indexOf('\n---\n') + '\n---\n'.length).trim(),
    sources,
    packages: readPackages(sources.get('package.json') ?? '{}'),
    ...(proof && { proof }),
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Dependencies of every kind, by name. */
export function readPackages(manifest: string): Packages {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(manifest) as Record<
    string,
    Packages | undefined
  >;
  return { ...dependencies, ...devDependencies, ...optionalDependencies };
}
