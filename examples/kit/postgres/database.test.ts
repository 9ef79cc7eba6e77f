import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startProgram } from '../programs/program.ts';
import { waitUntil } from '../time/wait.ts';
import { freshDatabase, openDatabase } from './database.ts';
import { startPostgres } from './server.ts';

describe('freshDatabase', () => {
  it('gives each caller a database of its own, with the schema and without a superuser', async () => {
    const schema = writeSchema('create table notes (text text not null)');
    await using server = await useSharedServer();
    await using first = await freshDatabase({ schema });
    await using second = await freshDatabase({ schema });

    await first.pool.query(`insert into notes values ('only here')`);

    expect((await second.pool.query('select * from notes')).rows).toEqual([]);
    const { rows } = await first.pool.query(
      `select current_setting('is_superuser') as superuser, current_user as name`,
    );
    expect(rows).toEqual([{ superuser: 'off', name: 'app' }]);
    expect(server.url).toContain('127.0.0.1');
  });

  it('drops the database when it is disposed of', async () => {
    const schema = writeSchema('create table notes (text text)');
    await using server = await useSharedServer();
    const database = await freshDatabase({ schema });
    const name = new URL(database.url).pathname.slice(1);
    await database[Symbol.asyncDispose]();

    await using other = await freshDatabase({ schema });

    const { rowCount } = await other.pool.query('select from pg_database where datname = $1', [
      name,
    ]);
    expect(rowCount).toBe(0);
    expect(server.url).toBeDefined();
  });

  it('survives ten callers at once that all need the same schema first', async () => {
    const schema = writeSchema('create table notes (text text)');
    await using server = await useSharedServer();

    const databases = await Promise.all(
      Array.from({ length: 10 }, () => freshDatabase({ schema })),
    );

    expect(new Set(databases.map(({ url }) => url)).size).toBe(10);
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()));
    expect(server.url).toBeDefined();
  });
});

describe('openDatabase', () => {
  it('keeps its data between two runs, in a path with spaces', async () => {
    const { options } = prepareFolder('create table notes (text text)');
    {
      await using database = await openDatabase(options);
      await database.pool.query(`insert into notes values ('kept')`);
    }
    await using again = await openDatabase(options);

    expect((await again.pool.query('select text from notes')).rows).toEqual([{ text: 'kept' }]);
  });

  it('says what to remove when the schema changed after the data was written', async () => {
    const { options, folder } = prepareFolder('create table notes (text text)');
    await (await openDatabase(options))[Symbol.asyncDispose]();
    writeFileSync(options.schema, 'create table notes (text text, extra int)');

    await expect(openDatabase(options)).rejects.toThrow(`remove ${folder}`);
  });

  it('says that another run is using the folder, and leaves that run alone', async () => {
    const { options } = prepareFolder('create table notes (text text)');
    await using first = await openDatabase(options);

    await expect(openDatabase(options)).rejects.toThrow('is in use by another run');

    expect((await first.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('a server', () => {
  it('ends and leaves nothing behind when its owner is killed with -9', async () => {
    const home = mkdtempSync(join(tmpdir(), 'kit-owner-'));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const program = join(home, 'owner.ts');
    writeFileSync(
      program,
      `import { startPostgres } from '${pathToFileURL(join(import.meta.dirname, 'server.ts'))}';
       const server = await startPostgres();
       console.log('listening on http://' + server.description.split('data in ')[1]);
       setInterval(() => {}, 1000);`,
    );
    const owner = await startProgram(pathToFileURL(program));
    const folder = owner.url.slice('http://'.length);
    expect(existsSync(folder)).toBe(true);

    await owner.kill('SIGKILL');

    await waitUntil('the folder of the server is gone', () => !existsSync(folder));
  });

  it('does not let anybody in without the password', async () => {
    await using server = await startPostgres();
    const { Client } = (await import('pg')).default;
    const url = new URL(server.url);
    url.password = 'guess';
    const client = new Client({ connectionString: url.href });

    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});

async function useSharedServer() {
  const server = await startPostgres();
  process.env.TOUCHSTONE_POSTGRES = server.url;
  onTestFinished(() => {
    delete process.env.TOUCHSTONE_POSTGRES;
  });
  return server;
}

function prepareFolder(sql: string) {
  const parent = mkdtempSync(join(tmpdir(), 'kit with spaces '));
  chmodSync(parent, 0o755); // as a checkout is: open to the user that Postgres runs as
  const folder = join(parent, 'data');
  mkdirSync(folder);
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const options = { url: undefined, schema: writeSchema(sql), dataFolder: pathToFileURL(folder) };
  return { folder, options };
}

function writeSchema(sql: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit-schema-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'schema.sql');
  writeFileSync(file, sql);
  return pathToFileURL(file);
}
