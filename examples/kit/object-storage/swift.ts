import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { requireProgram } from '../programs/find-program.ts';
import { startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { noteProgram } from '../testing/evidence.ts';
import type { ObjectStore } from './object-store.ts';

const SERVER = 'swift-server.py';

/** Starts OpenStack Swift with its S3 interface: a store that verifies signatures, expiry and part sizes. */
export async function startSwift(): Promise<ObjectStore> {
  const python = await findPython();
  noteProgram('OpenStack Swift', python, ['-c', 'import swift; print(swift.__version__)']);
  const identity = unprivilegedIdentity();
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-swift-'));
  // A copy: where this lies, as in a home folder, others may not look.
  const server = join(folder, SERVER);
  copyFileSync(join(import.meta.dirname, SERVER), server);
  for (const path of [folder, server]) giveTo(path, identity);
  const keys = {
    region: 'us-east-1',
    accessKeyId: 'touchstone:app',
    secretAccessKey: randomBytes(24).toString('hex'),
  };
  const logFile = join(folder, 'swift.log');
  const { guard, stop } = startGuardedProgram({
    program: python,
    args: [server, JSON.stringify({ folder, ...keys })],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM',
    logFile,
    removeAfterwards: folder,
  });
  const endpoint = await whenItListens(logFile, () => guard.exitCode !== null);
  const description = '• object store: OpenStack Swift, which verifies signatures';
  return { endpoint, ...keys, description, [Symbol.asyncDispose]: stop };
}

/** The Python that Swift is installed for: the one its own programs name in their first line. */
async function findPython(): Promise<string> {
  const program = await requireProgram({
    names: ['swift-ring-builder'],
    variable: 'SWIFT_RING_BUILDER_PATH',
    debianPackage: 'swift',
  });
  const [, python = 'python3'] = /^#!\s*(\S+)/.exec(readFileSync(program, 'utf8')) ?? [];
  return python;
}

async function whenItListens(logFile: string, hasEnded: () => boolean): Promise<string> {
  const deadline = Date.now() + 60_000;
  while (true) {
    const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
    const [, url] = /listening on (http:\S+)\n/.exec(log) ?? [];
    if (url) return url;
    if (hasEnded() || Date.now() > deadline)
      throw new Error(`Swift is not ready. Its last words:\n${log}`);
    await pause(20);
  }
}
