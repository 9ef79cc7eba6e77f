import { rmSync } from 'node:fs';
import { type PostgresServer, startPostgres } from '@touchstone/kit/postgres/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestRecord } from '../proof/create-test-record.ts';
import { CONFIGURATION_OPERATORS } from './configuration/operators.ts';
import { createMutants } from './create-mutants.ts';
import { type MutantTree, openMutantTree } from './mutant-tree.ts';
import { type PlacedMutant, runMutants, type Verdict } from './run-mutants.ts';
import { SQL_OPERATORS } from './sql/mutate-sql.ts';
import { CONFIGURATION_FIXTURES } from './testing/configuration-fixtures.ts';
import type { OperatorFixture } from './testing/operator-fixture.ts';
import { makeSampleRepository } from './testing/sample-repository.ts';
import { SQL_FIXTURES } from './testing/sql-fixtures.ts';
import { TYPESCRIPT_FIXTURES } from './testing/typescript-fixtures.ts';
import { TYPESCRIPT_OPERATORS } from './typescript/operators.ts';

const ID = 'jobs/sample';
const HELPERS = new URL('testing/fixture-helpers.ts', import.meta.url).href;
const RUN_SQL = new URL('testing/run-sql.ts', import.meta.url).href;
const LANGUAGES = [
  { language: 'TypeScript', operators: TYPESCRIPT_OPERATORS, fixtures: TYPESCRIPT_FIXTURES },
  {
    language: 'configurations',
    operators: CONFIGURATION_OPERATORS,
    fixtures: CONFIGURATION_FIXTURES,
  },
  { language: 'SQL', operators: SQL_OPERATORS, fixtures: SQL_FIXTURES },
];
const FIXTURES = LANGUAGES.flatMap(({ fixtures }) => fixtures);

let postgres: PostgresServer;
let repository: string;
let tree: MutantTree;
let afterWeak: Verdict[];
let afterStrong: Verdict[];

beforeAll(async () => {
  postgres = await startPostgres();
  process.env.TOUCHSTONE_POSTGRES = postgres.url; // the processes that run the tests inherit it
  repository = makeSampleRepository(ID, Object.fromEntries(FIXTURES.flatMap(listFiles)));
  tree = openMutantTree(repository, ID);
  // Each run first sees its tests pass in a copy without any change.
  [afterWeak, afterStrong] = await Promise.all([judgeAll('weak'), judgeAll('strong')]);
});

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  tree.removeAll();
  rmSync(repository, { recursive: true });
});

describe.each(FIXTURES.map((fixture, index) => ({ ...fixture, index })))(
  '$operator in $path',
  ({ operator, path, index }) => {
    it('survives a test that asserts too little', () => {
      expect(afterWeak[index]).toMatchObject({ path, mutant: { operator }, asked: 1 });
      expect(afterWeak[index]?.caught).toBeUndefined();
    });

    it('is caught by a test that asserts enough', () => {
      expect(afterStrong[index]).toMatchObject({
        path,
        mutant: { operator },
        caught: { how: 'failed', test: 'strong', file: toTestFile(path) },
      });
    });
  },
);

it.each(LANGUAGES)('each operator of $language has a fixture', ({ operators, fixtures }) => {
  const names = operators.map(({ name }) => name);
  expect(fixtures.map(({ operator }) => operator).toSorted()).toEqual(names.toSorted());
});

function listFiles({ path, source, weak, strong }: OperatorFixture): [string, string][] {
  const test = `import { expect, it } from 'vitest';
import { askSite, countBeats, expectSamples, mayPublish } from '${HELPERS}';
import { runSql } from '${RUN_SQL}';
${importSubject(path)}
it('weak', async () => {
  ${weak}
});
it('strong', async () => {
  ${strong}
});
`;
  return [
    [path, source],
    [toTestFile(path), test],
  ];
}

/** A module, or the URL of what another program reads. */
function importSubject(path: string): string {
  return path.endsWith('.ts')
    ? `import * as subject from './${path}';`
    : `const subject = new URL('${path}', import.meta.url);`;
}

function toTestFile(path: string): string {
  return `${path}.test.ts`;
}

/** What becomes of each fixture's change when only its weak or its strong test is asked. */
function judgeAll(title: 'weak' | 'strong'): Promise<Verdict[]> {
  const records = FIXTURES.map(({ path, source }) =>
    createTestRecord({
      title,
      file: toTestFile(path),
      executed: new Map([[path, [[0, source.length]]]]),
    }),
  );
  const readersFiles = new Set(records.map(({ file }) => file));
  const mutants = FIXTURES.map(placeMutant);
  return runMutants({ tree, mutants, records, readersFiles, lanes: 1, onVerdict: () => {} });
}

function placeMutant({ operator, path, source }: OperatorFixture): PlacedMutant {
  const mutant = createMutants(path, source).find((one) => one.operator === operator);
  if (!mutant) throw new Error(`${operator} changes nothing in its fixture ${path}`);
  return { path, source, mutant };
}
