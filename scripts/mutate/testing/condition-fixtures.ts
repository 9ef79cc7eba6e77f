import type { OperatorFixture } from './operator-fixture.ts';

/** Fixtures for what is decided, and for regular expressions. */
export const CONDITION_FIXTURES: Omit<OperatorFixture, 'path'>[] = [
  {
    operator: 'comparison-boundary',
    source: 'export const isAdult = (age: number): boolean => age >= 18;',
    weak: 'expect(subject.isAdult(30)).toBe(true);',
    strong: 'expect(subject.isAdult(18)).toBe(true);',
  },
  {
    operator: 'operand-dropped',
    source: 'export const mayEdit = (isAdmin: boolean, isOwner: boolean) => isAdmin || isOwner;',
    weak: 'expect(subject.mayEdit(true, true)).toBe(true);',
    strong: 'expect(subject.mayEdit(true, false)).toBe(true);',
  },
  {
    operator: 'condition-forced',
    source: `export function readPrice(isMember: boolean): number {
  if (isMember) return 8;
  return 10;
}`,
    weak: 'expect(subject.readPrice(false)).toBe(10);',
    strong: 'expect(subject.readPrice(true)).toBe(8);',
  },
  {
    operator: 'secret-trusted',
    source: `import { timingSafeEqual } from 'node:crypto';
export const isRight = (given: string, secret: string): boolean =>
  given.length === secret.length && timingSafeEqual(Buffer.from(given), Buffer.from(secret));`,
    weak: "expect(subject.isRight('abc', 'abc')).toBe(true);",
    strong: "expect(subject.isRight('abd', 'abc')).toBe(false);",
  },
  {
    operator: 'anchor-dropped',
    source: 'export const isId = (text: string): boolean => /^\\d+$/.test(text);',
    weak: "expect(subject.isId('12')).toBe(true);",
    strong: "expect(subject.isId('a12')).toBe(false);",
  },
  {
    operator: 'quantifier-changed',
    source: 'export const isId = (text: string): boolean => /^\\d+$/.test(text);',
    weak: "expect(subject.isId('12')).toBe(true);",
    strong: "expect(subject.isId('')).toBe(false);",
  },
  {
    operator: 'class-changed',
    source: 'export const isHex = (text: string): boolean => /^[a-f\\d]+$/.test(text);',
    weak: "expect(subject.isHex('12')).toBe(true);",
    strong: "expect(subject.isHex('ab')).toBe(true);",
  },
  {
    operator: 'branch-dropped',
    source: 'export const isImage = (name: string): boolean => /\\.(gif|png)$/.test(name);',
    weak: "expect(subject.isImage('a.png')).toBe(true);",
    strong: "expect(subject.isImage('a.gif')).toBe(true);",
  },
  {
    operator: 'lookaround-turned',
    source: 'export const isFree = (name: string): boolean => /^(?!admin)\\w+$/.test(name);',
    weak: "expect(subject.isFree('')).toBe(false);",
    strong: "expect(subject.isFree('ada')).toBe(true);",
  },
  {
    operator: 'flag-dropped',
    source: 'export const isBearer = (header: string): boolean => /^bearer /i.test(header);',
    weak: "expect(subject.isBearer('bearer a')).toBe(true);",
    strong: "expect(subject.isBearer('Bearer a')).toBe(true);",
  },
];
