import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { type GuardedProgram, startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, type Identity, unprivilegedIdentity } from '../programs/identity.ts';
import { noteProgram } from '../testing/evidence.ts';
import { acceptsQueries } from './accepts-queries.ts';

/** A PgBouncer in front of one database. */
export type PgBouncer = AsyncDisposable & {
  /** The database through PgBouncer, for the same role. */
  url: string;
};

type PgBouncerOptions = {
  /** The database behind it; its role and password are those that clients log in with. */
  databaseUrl: string;
  /** How many connections to Postgres all clients share. */
  poolSize: number;
  /** What a client has one of them for. */
  poolMode?: 'session' | 'transaction' | 'statement';
};

/** Starts a PgBouncer of our own on a free port of 127.0.0.1. */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const program = await requireProgram({
    names: ['pgbouncer'],
    variable: 'PGBOUNCER_PATH',
    debianPackage: 'pgbouncer',
  });
  noteProgram('PgBouncer', program, ['--version']);
  const identity = unprivilegedIdentity(); // it refuses to run as root
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-pgbouncer-'));
  giveTo(folder, identity);
  const port = await findFreePort();
  const logFile = join(folder, 'pgbouncer.log');
  const bouncer = startGuardedProgram({
    program,
    args: [writeSettings(options, { folder, port, identity })],
    identity,
    cwd: folder,
    stopSignal: 'SIGINT', // lets transactions under way finish
    logFile,
    removeAfterwards: folder,
  });
  const url = new URL(options.databaseUrl);
  url.host = `127.0.0.1:${port}`;
  await waitUntilReady(bouncer, url.href, logFile);
  return { url: url.href, [Symbol.asyncDispose]: bouncer.stop };
}

type Place = { folder: string; port: number; identity: Identity };

function writeSettings(options: PgBouncerOptions, { folder, port, identity }: Place): string {
  const { poolSize, poolMode = 'transaction' } = options;
  const { hostname, port: behind, pathname, username, password } = new URL(options.databaseUrl);
  const database = pathname.slice(1);
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  writePrivately(users, `"${username}" "${decodeURIComponent(password)}"\n`, identity);
  const lines = [
    '[databases]',
    `${database} = host=${hostname} port=${behind} dbname=${database}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    `pool_mode = ${poolMode}`,
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 200',
  ];
  writePrivately(settings, `${lines.join('\n')}\n`, identity);
  return settings;
}

function writePrivately(file: string, text: string, identity: Identity): void {
  writeFileSync(file, text, { mode: 0o600 });
  giveTo(file, identity);
}

async function waitUntilReady({ guard }: GuardedProgram, url: string, log: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await acceptsQueries(url))) {
    if (guard.exitCode !== null || Date.now() > deadline)
      throw new Error(`PgBouncer is not ready. Its last words:\n${readLog(log)}`);
    await pause(20);
  }
}

/** The folder of a PgBouncer that has ended is gone, and its log with it. */
function readLog(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8') : '(none)';
}
