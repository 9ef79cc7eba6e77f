import type { OperatorFixture } from './operator-fixture.ts';

/** Fixtures for what is done, in which order, and who waits for it. */
export const STATEMENT_FIXTURES: Omit<OperatorFixture, 'path'>[] = [
  {
    operator: 'statement-removed',
    source: `const seen = new Set<string>();
export function isNew(id: string): boolean {
  const isFirst = !seen.has(id);
  seen.add(id);
  return isFirst;
}`,
    weak: "expect(subject.isNew('a')).toBe(true);",
    strong: "subject.isNew('b'); expect(subject.isNew('b')).toBe(false);",
  },
  {
    operator: 'log-removed',
    source: `export function parse(text: string, log: { warn(message: string): void }): unknown {
  try {
    return JSON.parse(text);
  } catch {
    log.warn('the text is not JSON');
    return undefined;
  }
}`,
    weak: "expect(subject.parse('{', { warn() {} })).toBeUndefined();",
    strong: `const warned: string[] = [];
  subject.parse('{', { warn: (message) => warned.push(message) });
  expect(warned).toEqual(['the text is not JSON']);`,
  },
  {
    operator: 'exit-removed',
    source: `export function greet(name: string, out: string[]): void {
  if (name === '') {
    out.push('nobody');
    return;
  }
  out.push(name);
}`,
    weak: "const out: string[] = []; subject.greet('', out); expect(out[0]).toBe('nobody');",
    strong: "const out: string[] = []; subject.greet('', out); expect(out).toEqual(['nobody']);",
  },
  {
    operator: 'statements-swapped',
    source: `type Step = () => Promise<unknown>;
export async function sell(charge: Step, ship: Step): Promise<void> {
  await charge();
  await ship();
}`,
    weak: `let steps = 0;
  const step = async () => (steps += 1);
  await subject.sell(step, step);
  expect(steps).toBe(2);`,
    strong: `const steps: string[] = [];
  await subject.sell(async () => steps.push('charge'), async () => steps.push('ship'));
  expect(steps).toEqual(['charge', 'ship']);`,
  },
  {
    operator: 'loop-ended',
    source: `export function sum(values: number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}`,
    weak: 'expect(subject.sum([1])).toBe(1);',
    strong: 'expect(subject.sum([1, 2])).toBe(3);',
  },
  {
    operator: 'case-removed',
    source: `export function typeOf(ending: string): string {
  switch (ending) {
    case 'gif':
      return 'image/gif';
    default:
      return 'application/octet-stream';
  }
}`,
    weak: "expect(subject.typeOf('exe')).toBe('application/octet-stream');",
    strong: "expect(subject.typeOf('gif')).toBe('image/gif');",
  },
  {
    operator: 'catch-rethrows',
    source: `export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}`,
    weak: "expect(subject.parse('1')).toBe(1);",
    strong: "expect(subject.parse('{')).toBeUndefined();",
  },
  {
    operator: 'await-dropped',
    source: `export async function save(write: () => Promise<void>): Promise<string> {
  await write();
  return 'saved';
}`,
    weak: "expect(await subject.save(async () => {})).toBe('saved');",
    strong: `const write = () => Promise.reject(new Error('disk full'));
  await expect(subject.save(write)).rejects.toThrow('disk full');`,
  },
  {
    operator: 'combinator-swapped',
    source: 'export const loadAll = (jobs: Promise<number>[]) => Promise.all(jobs);',
    weak: 'expect(await subject.loadAll([Promise.resolve(1)])).toHaveLength(1);',
    strong: 'expect(await subject.loadAll([Promise.resolve(1)])).toEqual([1]);',
  },
  {
    operator: 'contender-removed',
    source: `export const limit = (work: Promise<string>, end: Promise<string>) =>
  Promise.race([work, end]);`,
    weak: `const never = new Promise<string>(() => {});
  expect(await subject.limit(never, Promise.resolve('late'))).toBe('late');`,
    strong: `const late = Promise.resolve('late');
  expect(await subject.limit(Promise.resolve('done'), late)).toBe('done');`,
  },
  {
    operator: 'method-swapped',
    source: 'export const isAnyOpen = (doors: boolean[]) => doors.some((isOpen) => isOpen);',
    weak: 'expect(subject.isAnyOpen([true])).toBe(true);',
    strong: 'expect(subject.isAnyOpen([true, false])).toBe(true);',
  },
  {
    operator: 'interval-once',
    source: `export function beat(tick: () => void): () => void {
  const timer = setInterval(tick, 1_000);
  return () => clearInterval(timer);
}`,
    weak: 'expect(countBeats(subject.beat, 1_500)).toBe(1);',
    strong: 'expect(countBeats(subject.beat, 2_500)).toBe(2);',
  },
];
