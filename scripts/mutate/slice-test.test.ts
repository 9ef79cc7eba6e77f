import { expect, it } from 'vitest';
import { sliceTest } from './slice-test.ts';

const FILE = `import { afterAll, describe, it } from 'vitest';
import { add } from './add.ts';
import * as sub from './subtract.ts';
import both, { type Third } from './both.ts';
const { one, two: [second] } = { one: 1, two: [2] };
const three = 3;
function addOne(number: number) { return add(number, one); }
afterAll(() => {});
it('adds', () => addOne(1, 'three'));
it('subtracts', () => sub.subtract(three, second));
describe('zero', () => { it('is neutral', () => {}); });
it.each([1, 2])('takes %i', () => {});
`;

const linesOf = (test: string) => sliceTest(FILE, test).split('\n');

it('keeps of a test file one test, its helpers and what they need', () => {
  expect(linesOf('adds')).toEqual(
    [
      "import { afterAll } from 'vitest';",
      "import { it } from 'vitest';",
      "import { add } from './add.ts';",
      'const { one, two: [second] } = { one: 1, two: [2] };',
      'function addOne(number: number) { return add(number, one); }',
      'afterAll(() => {});',
      "it('adds', () => addOne(1, 'three'));",
      "it.each([1, 2])('takes %i', () => {});",
    ].filter((line) => !line.startsWith('it.each')),
  );
});

it('follows names that are taken apart, and whole modules', () => {
  const lines = linesOf('subtracts');
  expect(lines).toContain("import * as sub from './subtract.ts';");
  expect(lines).toContain('const { one, two: [second] } = { one: 1, two: [2] };');
  expect(lines).toContain('const three = 3;');
  expect(lines).not.toContain("import { add } from './add.ts';");
});

it('keeps an import of a default and of names whole', () => {
  const used = FILE.replace('three, second', 'three, second as Third');
  const lines = sliceTest(used, 'subtracts').split('\n');
  expect(lines).toContain("import both, { type Third } from './both.ts';");
});

it('finds a test by the group that it is in', () => {
  expect(linesOf('zero > is neutral')).toContain(
    "describe('zero', () => { it('is neutral', () => {}); });",
  );
});

it('keeps the whole file where it does not find the test', () => {
  expect(sliceTest(FILE, 'takes 2')).toBe(FILE);
  expect(sliceTest(FILE, 'the file loads')).toBe(FILE);
});
