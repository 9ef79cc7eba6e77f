import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run-in-project.ts';

/** The program of a Node of that version, from npm. */
export async function fetchNode(folder: string, version: string): Promise<string> {
  const name = `node-${process.platform.replace('win32', 'win')}-${process.arch}`;
  await mustRun(`npm pack ${name}@${version}`, { folder });
  const target = join(folder, version);
  mkdirSync(target);
  const [tarball = ''] = globSync(`${name}-${version}.tgz`, { cwd: folder });
  execFileSync('tar', ['xzf', join(folder, tarball), '-C', target, '--strip-components=1']);
  return join(target, 'bin/node');
}
