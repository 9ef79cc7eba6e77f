import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findFreePort } from '../programs/free-port.ts';
import { type GuardedProgram, startGuardedProgram } from '../programs/guarded-program.ts';
import {
  canReach,
  giveTo,
  type Identity,
  openSharedFolder,
  unprivilegedIdentity,
} from '../programs/identity.ts';
import { isAlive } from '../programs/is-alive.ts';
import { makeThrowAwayFolder } from '../programs/throw-away-folder.ts';
import { noteService } from '../testing/evidence.ts';
import { acceptsQueries } from './accepts-queries.ts';
import { findPostgres, type PostgresBinaries } from './binaries.ts';

/** A Postgres server of our own. */
export type PostgresServer = AsyncDisposable & {
  /** Connects as superuser to the database `postgres`. */
  url: string;
  /** Where it keeps its data. */
  folder: string;
  /** One line that says which Postgres this is and where it keeps its data. */
  description: string;
};

/** Safe only for data that nobody needs after a power cut. */
const FAST_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** Our passwords are random: hashing them 4,096 times only costs 10 ms a connection. */
const PASSWORD_SETTING = 'scram_iterations=1';

type PostgresOptions = {
  /** A folder that outlives the server; without one, its folder goes with it. */
  dataFolder?: string;
  /** Survives a power cut; without it, everything is faster. A kept folder is always durable. */
  durable?: boolean;
  /** For one that comes back where it was; without one, any free port. */
  port?: number;
};

/** Starts a server of our own on 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { dataFolder, durable = dataFolder !== undefined } = options;
  const identity = unprivilegedIdentity();
  const binaries = findPostgres(identity);
  const folder = dataFolder
    ? openFolder(dataFolder, identity)
    : openThrowAwayFolder(durable, identity);
  noteService('Postgres', binaries.version);
  if (!existsSync(join(folder, 'data'))) initialise(folder, binaries, identity);

  const { port = await findFreePort() } = options;
  const server = startGuardedProgram({
    program: join(binaries.folder, 'postgres'),
    args: serverArguments({ folder, port, durable }),
    identity,
    cwd: folder,
    stopSignal: 'SIGINT',
    logFile: join(folder, 'postgres.log'),
    ...(dataFolder ? {} : { removeAfterwards: folder }),
  });
  const url = `postgres://postgres:${readPassword(folder)}@127.0.0.1:${port}/postgres`;
  await waitUntilReady(server, url, join(folder, 'postgres.log'));
  return {
    url,
    folder,
    description: `Postgres ${binaries.version} (${binaries.origin}), data in ${folder}`,
    [Symbol.asyncDispose]: server.stop,
  };
}

type Serving = { folder: string; port: number; durable: boolean };

function serverArguments({ folder, port, durable }: Serving): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    PASSWORD_SETTING,
    ...(durable ? [] : FAST_SETTINGS),
  ];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  return ['-D', join(folder, 'data'), '-p', `${port}`, ...flags];
}

async function waitUntilReady({ guard }: GuardedProgram, url: string, log: string): Promise<void> {
  while (!(await acceptsQueries(url))) {
    if (guard.exitCode !== null) {
      const lastWords = readFileSync(log, 'utf8').trim().split('\n').slice(-10).join('\n');
      throw new Error(`Postgres ended before it was ready. Its last words:\n${lastWords}`);
    }
    await pause(20);
  }
}

/** Every user of this machine reaches 127.0.0.1, so even a throw-away server has a password. */
function initialise(folder: string, { folder: programs }: PostgresBinaries, identity: Identity) {
  const draft = join(folder, 'data.draft'); // a run killed in the middle leaves no half-made data
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(passwordFile(folder), randomBytes(24).toString('hex'), { mode: 0o600 });
  giveTo(passwordFile(folder), identity);
  const access = ['-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile(folder)}`];
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  execFileSync(
    join(programs, 'initdb'),
    ['-D', draft, '-E', 'UTF8', '--no-sync', '-c', PASSWORD_SETTING, ...access, ...locale],
    { ...identity, cwd: folder, env: { ...process.env, HOME: folder }, stdio: 'pipe' },
  );
  renameSync(draft, join(folder, 'data'));
}

const passwordFile = (folder: string): string => join(folder, 'password');

const readPassword = (folder: string): string => readFileSync(passwordFile(folder), 'utf8');

/** The folder asked for, unless root's stand-in cannot get there: then one in the temporary folder. */
function openFolder(wanted: string, identity: Identity): string {
  mkdirSync(wanted, { recursive: true });
  const folder = canReach(wanted, identity) ? wanted : openSharedFolder(nameAfter(wanted));
  giveTo(folder, identity);
  refuseSecondServer(folder);
  return folder;
}

const nameAfter = (path: string): string =>
  createHash('sha256').update(path).digest('hex').slice(0, 12);

/** Postgres itself refuses too, but says it in three lines of log. */
function refuseSecondServer(folder: string): void {
  const lock = join(folder, 'data', 'postmaster.pid');
  const pid = existsSync(lock) ? Number.parseInt(readFileSync(lock, 'utf8'), 10) : 0;
  if (pid > 0 && isAlive(pid))
    throw new Error(`${folder} is in use by another run (process ${pid}): stop that one first`);
}

function openThrowAwayFolder(durable: boolean, identity: Identity): string {
  const folder = makeThrowAwayFolder('touchstone-run-', { durable });
  giveTo(folder, identity);
  return folder;
}
