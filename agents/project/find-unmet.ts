import { NODE_FLOOR, TESTS_NODE_FLOOR, TYPES_FLOOR } from '../library/floors.ts';
import type { Settings } from './settings.ts';

type Wanted = { settings: Settings; hasTests: boolean; node?: string };

/** What the copied code needs and a project does not have, a sentence each with its fix. */
export function findUnmet({ settings, hasTests, node = process.versions.node }: Wanted): string[] {
  const major = Number.parseInt(node, 10);
  return [
    ...(major < NODE_FLOOR
      ? [`the patterns need Node ${NODE_FLOOR} or newer, and this is ${node}: update Node`]
      : []),
    ...(hasTests && major >= NODE_FLOOR && major < TESTS_NODE_FLOOR
      ? [
          `the failure tests need Node ${TESTS_NODE_FLOOR} or newer, and this is ${node}: update Node, or leave out --with-tests`,
        ]
      : []),
    ...(settings.knowsFloor
      ? []
      : [
          `the patterns need the types of ${TYPES_FLOOR}, and tsconfig.json has older ones: set "target" or "lib" to "${TYPES_FLOOR}" or newer`,
        ]),
  ];
}
