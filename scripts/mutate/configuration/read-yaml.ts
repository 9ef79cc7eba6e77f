import { isMap, isScalar, isSeq, type Node, parseDocument, type Range, type Scalar } from 'yaml';
import { type Configuration, cutPart, type Part, type Setting } from './configuration.ts';
import { readQuery } from './read-query.ts';

/** Prometheus refuses a rule without these, and a group is no more than its rules. */
const NEEDED_BY_PROMETHEUS = new Set([
  'groups',
  'an item of groups',
  'name',
  'rules',
  'record',
  'expr',
  'alert',
]);
/** Texts for people, and names: the entry as a whole is removed. */
const NAMES = new Set(['labels', 'annotations']);

/** Reads the entries and items of a YAML file, and its PromQL; throws where it is not YAML. */
export function readYaml(source: string): Configuration {
  const document = parseDocument(source);
  const configuration: Configuration = { settings: [], queries: [] };
  for (const error of document.errors) throw error;
  const isRules = isMap(document.contents) && document.contents.has('groups');
  visit(document.contents, 'the file');
  return configuration;

  function visit(node: unknown, name: string): void {
    if (isMap(node)) visitParts(toEntries(node.items), node.flow ? 'flow' : 'entry');
    if (!isSeq(node)) return;
    const items = node.items.filter(isPlaced).map((item) => toItem(item, name));
    visitParts(items, node.flow ? 'flow' : 'item');
  }

  function visitParts(entries: Entry[], kind: Kind): void {
    const wholes = entries.map((entry) => trimPart(source, entry.start, entry.end));
    for (const [index, { name, value }] of entries.entries()) {
      const whole = wholes[index] as Part;
      const isNeeded = isRules && NEEDED_BY_PROMETHEUS.has(name);
      const removal = isNeeded ? undefined : findRemoval({ source, parts: wholes, index, kind });
      addSetting({ name, value }, { whole, removal });
      if (!NAMES.has(name)) visit(value, name);
    }
  }

  function addSetting(
    { name, value }: Pick<Entry, 'name' | 'value'>,
    { whole, removal }: Pick<Setting, 'whole' | 'removal'>,
  ): void {
    const isQuery = name === 'expr' && isScalar(value);
    if (isQuery) configuration.queries.push(readQuery(readScalar(source, value)));
    const values = isScalar(value) && !isQuery ? [readScalar(source, value)] : [];
    configuration.settings.push({ name, whole, removal, values });
  }
}

type Placed = Node & { range: Range };
/** Parts of a flow, `{ a, b }`, have a comma between them. */
type Kind = 'entry' | 'item' | 'flow';
type Place = { source: string; parts: Part[]; index: number; kind: Kind };
type Entry = { name: string; value: Node | null; start: number; end: number };

function isPlaced(node: unknown): node is Placed {
  return node instanceof Object && 'range' in node && Array.isArray(node.range);
}

function toEntries(pairs: { key: unknown; value: unknown }[]): Entry[] {
  return pairs.flatMap(({ key, value }) => {
    if (!isPlaced(key) || !isScalar(key)) return [];
    const node = isPlaced(value) ? value : null;
    return [{ name: `${key.value}`, value: node, start: key.range[0], end: endOf(node ?? key) }];
  });
}

function toItem(value: Placed, name: string): Entry {
  return { name: `an item of ${name}`, value, start: value.range[0], end: endOf(value) };
}

function endOf(node: Placed | Node): number {
  return node.range?.[1] ?? 0;
}

/** The only entry goes with what it is in. */
function findRemoval({ source, parts, index, kind }: Place): Setting['removal'] {
  if (parts.length < 2) return undefined;
  const { start, end } = parts[index] as Part;
  const isOnOwnLine = start === 0 || /\n *$/.test(source.slice(0, start));
  if (kind === 'entry' && isOnOwnLine) return { start, end };
  const dash = source.slice(0, start).search(/-\s+([&!]\S+\s+)?$/);
  if (kind === 'item' && dash >= 0) return { start: dash, end };
  const next = parts[index + 1];
  const before = parts[index - 1];
  return next ? { start, end: next.start } : before && { start: before.end, end };
}

function trimPart(source: string, start: number, end: number): Part {
  const { length } = source.slice(start, end).trimEnd();
  return cutPart(source, start, start + length);
}

/** A scalar as it is written, without its quotes or the `|` before a block. */
function readScalar(source: string, { range, type }: Scalar): Part {
  const [start, end] = range ?? [0, 0];
  const part = trimPart(source, start, end);
  if (type?.startsWith('QUOTE')) return cutPart(source, start + 1, part.end - 1);
  if (!type?.startsWith('BLOCK')) return part;
  const lineEnd = source.indexOf('\n', start);
  return lineEnd === -1 ? part : cutPart(source, lineEnd, part.end);
}
