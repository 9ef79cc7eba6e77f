import { fileURLToPath } from 'node:url';
import {
  createInspector,
  INSPECTOR,
  type Limits,
} from './create-inspector.ts';

export const HOSTILE = fileURLToPath(
  new URL('test-hostile-child.ts', import.meta.url),
);
const [node = ''] = INSPECTOR;

/** An inspector whose program does what the test says. */
export const hostile = (act: string, limits: Partial<Limits> = {}) =>
  createInspector(limits, [node, HOSTILE, act]);
