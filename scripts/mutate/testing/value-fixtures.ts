// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are programs
import type { OperatorFixture } from './operator-fixture.ts';

/** Fixtures for what is passed on and calculated. */
export const VALUE_FIXTURES: Omit<OperatorFixture, 'path'>[] = [
  {
    operator: 'limit-dropped',
    source: 'export const readSize = (asked: number): number => Math.min(asked, 100);',
    weak: 'expect(subject.readSize(10)).toBe(10);',
    strong: 'expect(subject.readSize(1_000)).toBe(100);',
  },
  {
    operator: 'link-dropped',
    source: 'export const clean = (text: string): string => text.trim();',
    weak: "expect(subject.clean('a')).toBe('a');",
    strong: "expect(subject.clean(' a ')).toBe('a');",
  },
  {
    operator: 'call-dropped',
    source: `import { createHash } from 'node:crypto';
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
export const toRow = (token: string) => ({ token: hash(token) });`,
    weak: "expect(subject.toRow('secret').token).toBeTypeOf('string');",
    strong: "expect(subject.toRow('secret').token).not.toBe('secret');",
  },
  {
    operator: 'argument-dropped',
    source: 'export const parseHex = (text: string): number => Number.parseInt(text, 16);',
    weak: "expect(subject.parseHex('7')).toBe(7);",
    strong: "expect(subject.parseHex('11')).toBe(17);",
  },
  {
    operator: 'number-nudged',
    source: 'export const attempts = 3;',
    weak: 'expect(subject.attempts).toBeGreaterThan(0);',
    strong: 'expect(subject.attempts).toBe(3);',
  },
  {
    operator: 'sign-swapped',
    source: 'export const add = (net: number, tax: number): number => net + tax;',
    weak: 'expect(subject.add(5, 0)).toBe(5);',
    strong: 'expect(subject.add(5, 1)).toBe(6);',
  },
  {
    operator: 'minus-dropped',
    source: 'export const debit = (amount: number): number => -amount;',
    weak: 'expect(Math.abs(subject.debit(5))).toBe(5);',
    strong: 'expect(subject.debit(5)).toBe(-5);',
  },
  {
    operator: 'step-swapped',
    source: 'let last = 0;\nexport const nextId = (): number => ++last;',
    weak: 'expect(subject.nextId()).not.toBe(subject.nextId());',
    strong: 'expect(subject.nextId()).toBeGreaterThan(0);',
  },
  {
    operator: 'boolean-flipped',
    source: "export const cookie = { httpOnly: true, name: 'id' };",
    weak: "expect(subject.cookie).toHaveProperty('httpOnly');",
    strong: 'expect(subject.cookie.httpOnly).toBe(true);',
  },
  {
    operator: 'name-changed',
    source: `import { createHash } from 'node:crypto';
export const hash = (text: string) => createHash('sha256').update(text).digest('hex');`,
    weak: "expect(subject.hash('a')).toMatch(/^[0-9a-f]+$/);",
    strong: "expect(subject.hash('a')).toHaveLength(64);",
  },
  {
    operator: 'string-emptied',
    source: "const prefix = 'job:';\nexport const toKey = (id: number): string => prefix + id;",
    weak: 'expect(subject.toKey(1)).toMatch(/1$/);',
    strong: "expect(subject.toKey(1)).toBe('job:1');",
  },
  {
    operator: 'header-part-dropped',
    source: "export const headers = { 'cache-control': 'private, no-store' };",
    weak: "expect(subject.headers['cache-control']).toContain('no-store');",
    strong: "expect(subject.headers['cache-control']).toContain('private');",
  },
  {
    operator: 'substitution-dropped',
    source: 'export const toKey = (tenant: string, id: number): string => `${tenant}/${id}`;',
    weak: "expect(subject.toKey('ada', 1)).toMatch(/\\/1$/);",
    strong: "expect(subject.toKey('ada', 1)).toBe('ada/1');",
  },
  {
    operator: 'property-removed',
    source: `type Options = { timeout?: number; host: string };
export const connect = <T>(open: (options: Options) => T): T => open({ timeout: 5, host: 'db' });`,
    weak: "expect(subject.connect(({ host }) => host)).toBe('db');",
    strong: 'expect(subject.connect(({ timeout }) => timeout)).toBe(5);',
  },
  {
    operator: 'element-removed',
    source: "export const methods = ['GET', 'HEAD'];",
    weak: "expect(subject.methods).toContain('HEAD');",
    strong: "expect(subject.methods).toContain('GET');",
  },
];
