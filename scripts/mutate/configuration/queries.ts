import type { Change } from '../typescript/operator.ts';
import { type ConfigurationOperator, replacePart } from './operator.ts';
import { dropLabel, dropMatcher, dropOperand, type MutateToken } from './query-parts.ts';
import type { QueryToken } from './read-query.ts';

/** Makes an operator of a function that changes one token of a query. */
function forEachToken(mutate: MutateToken): ConfigurationOperator['mutate'] {
  return ({ queries }) => queries.flatMap((query) => query.flatMap(mutate));
}

function swap(kind: QueryToken['kind'], table: Record<string, string>): MutateToken {
  return (token) => {
    const other = Object.hasOwn(table, token.text) ? table[token.text] : undefined;
    return token.kind !== kind || other === undefined ? [] : [replacePart(token, other)];
  };
}

/** Only where a query calls it: `sum` may be a label too. */
function swapCalled(table: Record<string, string>): MutateToken {
  const swapWord = swap('word', table);
  return (token, index, query) => {
    const isCalled = /^(\(|by|without)$/.test(query[index + 1]?.text ?? '');
    return isCalled ? swapWord(token, index, query) : [];
  };
}

const BOUNDARIES = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const NEGATIONS = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' };
const SIGNS = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '^': '*' };
const AGGREGATIONS = {
  sum: 'max',
  avg: 'max',
  count: 'sum',
  max: 'min',
  min: 'max',
  topk: 'bottomk',
  bottomk: 'topk',
};
const FUNCTIONS = {
  increase: 'rate',
  rate: 'increase',
  irate: 'rate',
  delta: 'increase',
  avg_over_time: 'max_over_time',
  max_over_time: 'avg_over_time',
  min_over_time: 'max_over_time',
  clamp_min: 'clamp_max',
  clamp_max: 'clamp_min',
};

/** `-1` is a number; between two operands `-` is a sign. */
const swapSign: MutateToken = (token, index, query) => {
  const before = query[index - 1];
  const isBinary = before !== undefined && before.kind !== 'sign' && !/^[(,]$/.test(before.text);
  return isBinary ? swap('sign', SIGNS)(token, index, query) : [];
};

const nudgeConstant: MutateToken = (token) => {
  if (token.kind !== 'number') return [];
  const value = Number(token.text);
  if (Number.isNaN(value)) return nudgeDurations(token);
  const others = value === 0 ? [1] : [0, value * 10];
  return others.map((other) => replacePart(token, `${Number(other.toPrecision(12))}`));
};

const SHORTER: Record<string, string> = { y: 'w', w: 'd', d: 'h', h: 'm', m: 's', s: 'ms' };

const nudgeRange: MutateToken = (token) => (token.kind === 'range' ? nudgeDurations(token) : []);

/** Not 0: Prometheus refuses an empty range. */
function nudgeDurations(token: QueryToken): Change[] {
  return [...token.text.matchAll(/(\d+)(ms|[smhdwy])/g)].flatMap((found) => {
    const [text, digits = '', unit = ''] = found;
    const start = token.start + found.index;
    const part = { text, start, end: start + text.length };
    const shorter = SHORTER[unit];
    const longer = replacePart(part, `${digits}0${unit}`);
    return shorter === undefined ? [longer] : [longer, replacePart(part, `${digits}${shorter}`)];
  });
}

/** Operators that change a PromQL expression. */
export const QUERIES: ConfigurationOperator[] = [
  {
    name: 'comparison-boundary',
    description: '`>` becomes `>=`',
    family: 'queries',
    mutate: forEachToken(swap('sign', BOUNDARIES)),
  },
  {
    name: 'comparison-negated',
    description: '`>` becomes `<=`, `==` becomes `!=`',
    family: 'queries',
    mutate: forEachToken(swap('sign', NEGATIONS)),
  },
  {
    name: 'sign-swapped',
    description: '`+` becomes `-`, `*` becomes `/`',
    family: 'queries',
    mutate: forEachToken(swapSign),
  },
  {
    name: 'constant-nudged',
    description: 'a number becomes 0 or ten times as much',
    family: 'queries',
    mutate: forEachToken(nudgeConstant),
  },
  {
    name: 'range-nudged',
    description: '`[1h]` becomes `[10h]` or `[1m]`',
    family: 'queries',
    mutate: forEachToken(nudgeRange),
  },
  {
    name: 'aggregation-swapped',
    description: '`sum` becomes `max`, `max` becomes `min`',
    family: 'queries',
    mutate: forEachToken(swapCalled(AGGREGATIONS)),
  },
  {
    name: 'function-swapped',
    description: '`rate` becomes `increase`, `avg_over_time` becomes `max_over_time`',
    family: 'queries',
    mutate: forEachToken(swapCalled(FUNCTIONS)),
  },
  {
    name: 'label-dropped',
    description: '`by (a, b)` becomes `by (a)`',
    family: 'queries',
    mutate: forEachToken(dropLabel),
  },
  {
    name: 'matcher-dropped',
    description: '`a{b="c", d="e"}` becomes `a{b="c"}`',
    family: 'queries',
    mutate: forEachToken(dropMatcher),
  },
  {
    name: 'operand-dropped',
    description: '`a and b`, `a unless b` and `a or b` become `a`',
    family: 'queries',
    mutate: forEachToken(dropOperand),
  },
];
