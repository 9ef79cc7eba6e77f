import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Enough for the databases of a whole test run; a container often has 64 MB. */
const ENOUGH_BYTES = 2 * 1024 ** 3;
const MEMORY = '/dev/shm';

/**
 * Where what nobody needs afterwards is kept: in memory where Linux has room for it, else in the
 * temporary folder. On a busy disk a database of its own takes a test 200 ms; in memory 10.
 */
export function throwAwayRoot(): string {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
