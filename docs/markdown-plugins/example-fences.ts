import type { MdastPluginDefinition } from 'satteri';
import { cutRegion } from '../../scripts/engine/cut.ts';
import { scanRegions } from '../../scripts/engine/regions.ts';
import { readEvidence } from '../patterns/evidence.ts';

/** Fills each empty fence that names a pattern, ` ```ts pattern="jobs/background-jobs" source="job-queue.ts#complete" `, with the code of the region. */
export function exampleFences(root: string): MdastPluginDefinition {
  return {
    name: 'example-fences',
    code(node, context) {
      const id = readMeta(node.meta, 'pattern');
      const source = readMeta(node.meta, 'source');
      if (!id || !source) return;
      context.setProperty(node, 'value', readRegion(root, id, source));
    },
  };
}

function readRegion(root: string, id: string, source: string): string {
  const [path = '', name = ''] = source.split('#');
  const text = readEvidence(root, id).sources.get(path);
  const scan = text === undefined ? undefined : scanRegions(path, text);
  const region = scan?.regions.get(name);
  const cut = scan && region && cutRegion(scan, region);
  if (!cut) throw new Error(`the example ${id} has no region ${source}`);
  return cut.lines.join('\n');
}

const readMeta = (meta: string | null | undefined, key: string): string | undefined =>
  new RegExp(`\\b${key}="([^"]*)"`).exec(meta ?? '')?.[1];
