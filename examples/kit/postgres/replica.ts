import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { type PostgresServer, startPostgres } from './server.ts';

/** Starts a streaming replica of a server of ours; it holds a slot, so it misses nothing. */
export async function startReplica(
  primary: PostgresServer,
  { slot = 'replica' }: { slot?: string } = {},
): Promise<PostgresServer> {
  // Named as a throw-away server's: the next run removes what a killed one left.
  const folder = mkdtempSync(join(tmpdir(), `touchstone-run-${process.pid}-replica-`));
  await copyData(primary, folder, slot);
  writeFileSync(join(folder, 'data', 'standby.signal'), '');
  appendFileSync(
    join(folder, 'data', 'postgresql.auto.conf'),
    `primary_conninfo = '${primary.url}'\nprimary_slot_name = '${slot}'\n`,
  );
  for (const path of ['.', ...globSync('**', { cwd: folder })])
    giveTo(join(folder, path), unprivilegedIdentity());

  const replica = await startPostgres({ dataFolder: folder, durable: false });
  async function dispose() {
    await replica[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
  return { ...replica, [Symbol.asyncDispose]: dispose };
}

/** What pg_basebackup does, which the package from npm lacks. */
async function copyData(primary: PostgresServer, folder: string, slot: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query('select pg_create_physical_replication_slot($1, true)', [slot]);
    await client.query(`select pg_backup_start('replica', true)`);
    cpSync(primary.folder, folder, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/(pg_wal\/.+|postmaster\.pid|postgres\.log)$/.test(path),
    });
    const { rows } = await client.query('select labelfile from pg_backup_stop()');
    writeFileSync(join(folder, 'data', 'backup_label'), rows[0].labelfile);
    for (const name of ['archive_status', 'summaries'])
      mkdirSync(join(folder, 'data', 'pg_wal', name), { recursive: true });
  } finally {
    await client.end();
  }
}
