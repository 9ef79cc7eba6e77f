import { subscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { startPostgres } from './server.ts';
import { applySqlFile } from './sql-file.ts';

it('applies all of a file and tells so, or nothing of it', async () => {
  await using server = await startPostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const told: unknown[] = [];
  subscribe('touchstone:evidence', (message) => told.push(message));
  const good = writeSql('create table notes (text text); create table tags (text text)');
  const broken = writeSql('create table lost (text text); create table notes (text text)');

  await applySqlFile(good, client);
  await expect(applySqlFile(broken, client)).rejects.toMatchObject({ code: '42P07' });

  const { rows } = await client.query(
    `select tablename from pg_tables where schemaname = 'public'`,
  );
  await client.end();
  expect(rows).toEqual([{ tablename: 'notes' }, { tablename: 'tags' }]);
  expect(told).toEqual([{ kind: 'applied', file: fileURLToPath(good) }]);
});

function writeSql(sql: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit sql '));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'schema.sql');
  writeFileSync(file, sql);
  return pathToFileURL(file);
}
