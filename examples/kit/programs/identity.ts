import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whom a program runs as; empty when that is the user of this process. */
export type Identity = { uid?: number; gid?: number };

/** `nobody`: the same number on every Linux. */
const NOBODY = 65534;

/** Root becomes `nobody`, because Postgres refuses to run as root; everybody else stays who they are. */
export function unprivilegedIdentity(): Identity {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Whether that user can walk every folder on the way to the path, the path's own folder included. */
export function canReach(path: string, { uid }: Identity): boolean {
  if (uid === undefined) return true;
  const folder = existsSync(path) && statSync(path).isDirectory() ? path : dirname(path);
  if (!isOpenTo(folder, uid)) return false;
  return dirname(folder) === folder || canReach(dirname(folder), { uid });
}

function isOpenTo(folder: string, uid: number): boolean {
  const { mode, uid: owner } = statSync(folder, { throwIfNoEntry: false }) ?? { mode: 0o755, uid };
  return owner === uid ? (mode & 0o100) !== 0 : (mode & 0o001) !== 0;
}

/** Hands a folder over to that user. */
export function giveTo(path: string, { uid, gid }: Identity): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** A folder of root's, for what its stand-in must reach when the repository is closed to others. */
export function openSharedFolder(name: string): string {
  // Not the temporary folder: there, anybody may have laid a link of this name before us.
  const folder = join('/var/lib/touchstone', name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}
