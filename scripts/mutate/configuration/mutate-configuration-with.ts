import { applyMutant } from '../apply-mutant.ts';
import { mutateConfiguration } from './mutate-configuration.ts';

/** The texts that one operator makes of a file, by place, white space aside. For tests. */
export function mutateConfigurationWith(operator: string, path: string, source: string): string[] {
  return mutateConfiguration(path, source)
    .filter((mutant) => mutant.operator === operator)
    .map((mutant) => applyMutant(source, mutant).replaceAll(/\s+/g, ' ').trim());
}
