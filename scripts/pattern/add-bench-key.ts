import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeAtomically } from '../files/write-atomically.ts';

const measured = z.looseObject({ tables: z.unknown() });

/** Adds the key to what a bench wrote, which knows no keys; false when no bench.json is there, or one with a key. */
export function addBenchKey(file: string, key: string): boolean {
  if (!existsSync(file)) return false;
  const { tables, ...about } = measured.parse(JSON.parse(readFileSync(file, 'utf8')));
  if ('key' in about) return false;
  writeAtomically(file, `${JSON.stringify({ ...about, key, tables }, null, 2)}\n`);
  return true;
}
