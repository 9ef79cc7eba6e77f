import { type Change, describeReplacement, replaceSpan } from '../typescript/operator.ts';
import type { Configuration, Part } from './configuration.ts';

/** One way to change a configuration, asked once for each file. */
export type ConfigurationOperator = {
  name: string;
  /** One line for a person who reads the table of operators. */
  description: string;
  family: 'settings' | 'queries';
  mutate: (configuration: Configuration) => Change[];
};

/** Puts another text in place of a part. */
export function replacePart({ text, start, end }: Part, replacement: string): Change {
  return replaceSpan({ start, end }, replacement, describeReplacement(text, replacement));
}
