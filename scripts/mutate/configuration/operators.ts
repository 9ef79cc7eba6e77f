import type { ConfigurationOperator } from './operator.ts';
import { QUERIES } from './queries.ts';
import { SETTINGS } from './settings.ts';

/** All ways to change a configuration. Of two that make the same text, the first counts. */
export const CONFIGURATION_OPERATORS: ConfigurationOperator[] = [...SETTINGS, ...QUERIES];
