import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

/** A program that an example needs and that no npm package brings. */
export type ProgramWanted = {
  /** Its names, the best first; absolute paths where it is not on PATH. */
  names: string[];
  /** The environment variable that may name its path. */
  variable: string;
  /** What `apt-get install` brings it with. */
  debianPackage: string;
};

/** A program's path: from its variable, from PATH, else as root on Debian from apt-get; or undefined. */
export async function findProgram(wanted: ProgramWanted): Promise<string | undefined> {
  const chosen = process.env[wanted.variable];
  if (chosen && !isProgram(chosen))
    throw new Error(`${wanted.variable} is not a program: ${chosen}`);
  return chosen || findOnPath(wanted) || (await installFromDebian(wanted));
}

/** The same; throws one sentence with the fix when there is no such program. */
export async function requireProgram(wanted: ProgramWanted): Promise<string> {
  const found = await findProgram(wanted);
  if (found) return found;
  const [name] = wanted.names;
  throw new Error(
    `${name} was not found: install it (Debian: apt-get install ${wanted.debianPackage}), or set ${wanted.variable} to its path`,
  );
}

function findOnPath({ names }: ProgramWanted): string | undefined {
  // /usr/sbin is where Debian puts servers, and not on every user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin'];
  return names
    .flatMap((name) => (isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))))
    .find(isProgram);
}

async function installFromDebian(wanted: ProgramWanted): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !isDebian()) return undefined;
  console.error(`• installing ${wanted.debianPackage} with apt-get: it is not on PATH`);
  try {
    await runAptGet(wanted.debianPackage);
  } catch (error) {
    console.error(`• apt-get could not: ${error instanceof Error ? error.message : error}`);
  }
  return findOnPath(wanted);
}

/** apt-get refuses to be run twice at once, and two test files may ask for programs at once. */
function runAptGet(debianPackage: string) {
  const install =
    'apt-get -q update && apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$0"';
  const words = ['/var/cache/apt/touchstone.lock', 'sh', '-c', install, debianPackage];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return promisify(execFile)('flock', words, { env, maxBuffer: 2 ** 26 });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
