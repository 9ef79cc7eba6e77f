import { CONDITION_FIXTURES } from './condition-fixtures.ts';
import type { OperatorFixture } from './operator-fixture.ts';
import { STATEMENT_FIXTURES } from './statement-fixtures.ts';
import { VALUE_FIXTURES } from './value-fixtures.ts';

const ALL = [...CONDITION_FIXTURES, ...STATEMENT_FIXTURES, ...VALUE_FIXTURES];

/** A fixture for each operator of TypeScript. */
export const TYPESCRIPT_FIXTURES: OperatorFixture[] = ALL.map((fixture) => ({
  ...fixture,
  path: `${fixture.operator}.ts`,
}));
