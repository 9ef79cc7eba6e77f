import { join } from 'node:path';

/** The root folder of this repository. */
export const ROOT = join(import.meta.dirname, '../..');
