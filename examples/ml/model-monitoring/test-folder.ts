import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An empty folder; gone afterwards. */
export async function createTestFolder() {
  const path = await mkdtemp(join(tmpdir(), 'touchstone-monitor-'));
  const folder = pathToFileURL(`${path}/`);
  const write = (name: string, text: string) =>
    writeFile(new URL(name, folder), text);
  const dispose = () => rm(path, { recursive: true });
  return { folder, write, [Symbol.asyncDispose]: dispose };
}
