import { applyMutant } from '../apply-mutant.ts';
import { mutateTypeScript } from './mutate-typescript.ts';

/** The texts that one operator makes of a source, by place, white space aside. For tests. */
export function mutateTypeScriptWith(operator: string, source: string): string[] {
  return mutateTypeScript(source)
    .filter((mutant) => mutant.operator === operator)
    .map((mutant) => applyMutant(source, mutant).replaceAll(/\s+/g, ' ').trim());
}
