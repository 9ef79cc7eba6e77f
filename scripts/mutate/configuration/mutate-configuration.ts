import { parse } from 'yaml';
import { applyMutant } from '../apply-mutant.ts';
import type { Mutant } from '../mutant.ts';
import { sortMutants } from '../sort-mutants.ts';
import type { Configuration } from './configuration.ts';
import { CONFIGURATION_OPERATORS } from './operators.ts';
import { readBlocks } from './read-blocks.ts';
import { readLines } from './read-lines.ts';
import { readYaml } from './read-yaml.ts';

const YAML = /\.ya?ml$/;
/** Also a list of rights: `acl`, `acl_file`, `mosquitto.acl`. */
const SETTINGS = /\.(conf|ini|cfg|acl)$|(^|[/_.-])acl(s|_?file)?$/;
const NGINX = /^[^#\n]*(;|(?<!\$)\{|;[ \t]*\})[ \t]*(#.*)?$/m;

/** Lists the small changes to a configuration, sorted by place; a file of another kind has none. */
export function mutateConfiguration(path: string, source: string): Mutant[] {
  const configuration = readConfiguration(path, source);
  if (configuration === undefined) return [];
  const mutants = CONFIGURATION_OPERATORS.flatMap(({ name, mutate }) =>
    mutate(configuration).map((change) => ({ operator: name, ...change })),
  );
  return sortMutants(source, mutants).filter(
    (mutant) => !YAML.test(path) || isYaml(applyMutant(source, mutant)),
  );
}

function readConfiguration(path: string, source: string): Configuration | undefined {
  if (YAML.test(path)) return readYaml(source);
  if (!SETTINGS.test(path)) return undefined;
  const isNginx = path.endsWith('.conf') && NGINX.test(source);
  return { settings: isNginx ? readBlocks(source) : readLines(source), queries: [] };
}

/** An anchor that is gone shows only when its alias is read. */
function isYaml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
