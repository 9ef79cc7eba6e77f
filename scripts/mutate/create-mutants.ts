import type { Mutant } from './mutant.ts';
import { mutateTypeScript } from './typescript/mutate-typescript.ts';

/** All small changes to a file that a reader takes, sorted by place. */
export async function createMutants(path: string, source: string): Promise<Mutant[]> {
  return path.endsWith('.ts') ? mutateTypeScript(source) : [];
}
