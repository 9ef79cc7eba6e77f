import { expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../../scripts/files/root.ts';
import { buildLibrary } from './build-library.ts';
import { writeRegistry } from './write-registry.ts';

// The fields of https://ui.shadcn.com/schema/registry-item.json that an item of ours has: shadcn
// itself would bring 225 packages.
const packages = z.array(z.string().regex(/^(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/));
const file = z.strictObject({
  path: z.string().min(1),
  type: z.literal('registry:file'),
  target: z.string().regex(/^~\/src\/patterns\/[a-z0-9-]+\/[\w./-]+$/),
});
const item = z.strictObject({
  $schema: z.literal('https://ui.shadcn.com/schema/registry-item.json'),
  name: z.string().regex(/^[a-z0-9-]+$/),
  type: z.literal('registry:item'),
  title: z.string().min(1),
  description: z.string().min(1),
  dependencies: packages,
  devDependencies: packages,
  registryDependencies: z.array(z.string().regex(/^@touchstone\/[a-z0-9-]+$/)).optional(),
  files: z.array(file.extend({ content: z.string().min(1) })).min(1),
  docs: z.string().min(1),
});
const listed = item.omit({ $schema: true }).extend({ files: z.array(file) });
const registry = z.strictObject({
  $schema: z.literal('https://ui.shadcn.com/schema/registry.json'),
  name: z.literal('touchstone'),
  homepage: z.url(),
  items: z.array(listed),
});

const { patterns } = buildLibrary(ROOT, '1.2.3');
const [[path, text] = ['', ''], ...items] = writeRegistry(patterns);

it('lists every pattern in registry.json, without contents', () => {
  expect(path).toBe('registry.json');
  const { items } = registry.parse(JSON.parse(text));
  expect(items.map(({ name }) => name)).toEqual(
    patterns.map(({ source }) => source.id.replace('/', '-')),
  );
});

it.each(items)('writes %s as shadcn takes it', (path, text) => {
  const { name, files } = item.parse(JSON.parse(text));
  expect(path).toBe(`r/${name}.json`);
  const targets = files.map(({ target }) => target);
  expect(new Set(targets).size).toBe(targets.length);
  for (const target of targets) expect(target).not.toContain('..');
  for (const { content } of files) expect(content).not.toContain('#region');
});
