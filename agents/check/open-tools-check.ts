import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraryCheck } from '../../scripts/check/library-check.ts';

/** Opens the check of the texts for tools; what it needs is loaded only then. */
export async function openToolsCheck(root: string): Promise<LibraryCheck | undefined> {
  if (!existsSync(join(root, 'agents/package.json'))) return undefined;
  const { openToolTextCheck } = await import('./check-tool-texts.ts');
  const { toSourcePattern } = await import('../generate/read-pattern.ts');
  const { keepCounts } = await import('../generate/count-tokens.ts');
  const { add, finish } = openToolTextCheck(root);
  return {
    add: (pattern) => add(toSourcePattern(pattern)),
    finish(options) {
      const checked = finish(options);
      keepCounts();
      return checked;
    },
  };
}
