import { setImmediate as nextTurn } from 'node:timers/promises';
import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it, vi } from 'vitest';
import { createPasswordHasher } from './password-hasher.ts';
import { createPasswords } from './passwords.ts';
import { createPepper, PASSWORD, startTestApp } from './test-app.ts';

const ADA = 'ada@example.com';
const BOB = 'bob@example.com';
const wrong = { status: 401, body: { code: 'wrong_credentials' } };

describe('a login', () => {
  it('answers with the id of the user', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB, 'another password');
    const { rows } = await app.pool.query(
      'select id from users where email = $1',
      [ADA],
    );

    const { status, body } = await app.logIn(ADA);

    expect([status, body]).toEqual([201, { userId: rows[0]?.id }]);
    expect(await app.logIn(ADA, 'another password')).toMatchObject(
      wrong,
    );
    expect((await app.logIn(ADA.toUpperCase())).status).toBe(201);
  });

  it('does not bring back a password that was changed during its rehash', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const hasher = createPasswordHasher({
      peppers: [createPepper('2027'), app.pepper],
    });
    const plain = createPasswords({ ...app, hasher });
    const passwords = createPasswords({
      ...app,
      hasher: {
        ...hasher,
        async verify(...args) {
          const verdict = await hasher.verify(...args);
          expect(verdict.rehashed).toBeDefined();
          await plain.setPassword(`${await readId()}`, 'the new one');
          return verdict;
        },
      },
    });
    async function readId() {
      const { rows } = await app.pool.query('select id from users');
      return rows[0]?.id;
    }

    const credentials = { email: ADA, password: PASSWORD };
    expect(await passwords.logIn(credentials)).toBe(await readId());

    expect(await plain.logIn(credentials)).toBeUndefined();
    const changed = { email: ADA, password: 'the new one' };
    expect(await plain.logIn(changed)).toBe(await readId());
  });

  it('replaces the hash of its user alone', async () => {
    await using app = await startTestApp();
    // The same hash twice, as a careless import makes it.
    const hash = await app.hasher.hash(PASSWORD);
    await app.addUser(ADA, hash);
    await app.addUser(BOB, hash);
    const next = await app.start({
      peppers: [createPepper('2027'), app.pepper],
    });

    expect((await next.logIn(ADA)).status).toBe(201);

    expect(await app.readHash(ADA)).toContain('keyid=2027');
    expect(await app.readHash(BOB)).toBe(hash);
  });

  it('is right although the new hash cannot be stored, and the log does not have it', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.pool.query(
      `alter table password_hashes
       add check (hash not like '%keyid=2027%')`,
    );
    const next = await app.start({
      peppers: [createPepper('2027'), app.pepper],
    });

    expect((await next.logIn(ADA)).status).toBe(201);

    const { rows } = await app.pool.query('select id from users');
    expect(app.log.entries).toEqual([
      {
        level: 'warn',
        message: 'password not rehashed',
        details: {
          userId: rows[0]?.id,
          reason: expect.stringContaining('violates check constraint'),
        },
      },
    ]);
    expect(JSON.stringify(app.log.entries)).not.toContain('argon2id');
  });

  it('costs no hash when its client hangs up while it waits', async () => {
    const { promise: gate, resolve: open } =
      Promise.withResolvers<boolean>();
    const imported = vi.fn(() => gate);
    await using app = await startTestApp({
      queue: { parallel: 1, waiting: 1 },
      imported,
    });
    for (const email of [ADA, BOB])
      await app.addUser(email, `$2b$10$${'a'.repeat(53)}`);
    const running = app.logIn(ADA);
    await waitUntil(
      'the first runs',
      () => imported.mock.calls.length > 0,
    );
    const query = vi.spyOn(app.pool, 'query');
    const controller = new AbortController();
    const waiting = fetch(`${app.url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: BOB, password: PASSWORD }),
      signal: controller.signal,
    });
    await waitUntil('it is read', () => query.mock.results.length > 0);
    await query.mock.results[0]?.value;
    await nextTurn(); // now it waits

    expect((await app.logIn(BOB)).status).toBe(503);
    controller.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await waitUntil('it is gone', () => app.log.entries.length > 0);
    const next = app.logIn(BOB);
    open(false);

    expect(await running).toMatchObject(wrong);
    expect(await next).toMatchObject(wrong);
    expect(imported).toHaveBeenCalledTimes(2);
    expect(app.log.entries).toMatchObject([
      { level: 'info', message: 'client went away' },
    ]);
  });
});

describe('a change of the password', () => {
  it('needs the old one, and replaces it', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);

    const refused = await app.change(ADA, 'wrong', 'the new one');
    expect(refused).toMatchObject(wrong);
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(
      (await app.change(ADA, PASSWORD, 'the new one')).status,
    ).toBe(204);

    expect(await app.logIn(ADA)).toMatchObject(wrong);
    expect((await app.logIn(ADA, 'the new one')).status).toBe(201);
    expect((await app.logIn(BOB)).status).toBe(201);
  });

  it('is refused like any other password', async () => {
    await using app = await startTestApp();
    await app.register(ADA);

    expect(await app.change(ADA, PASSWORD, '')).toMatchObject({
      status: 400,
      body: { code: 'invalid_password' },
    });
  });

  it('gives a first password to a user without one', async () => {
    await using app = await startTestApp();
    const passwords = createPasswords(app);
    const { rows } = await app.pool.query(
      'insert into users (email) values ($1) returning id',
      [ADA],
    );
    expect(await app.logIn(ADA)).toMatchObject(wrong);

    await passwords.setPassword(rows[0]?.id, PASSWORD);

    expect((await app.logIn(ADA)).status).toBe(201);
  });

  it('waits in the queue, and leaves it with its client', async () => {
    await using app = await startTestApp();
    const passwords = createPasswords(app);
    const signal = AbortSignal.abort();

    await expect(
      passwords.setPassword(crypto.randomUUID(), PASSWORD, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      passwords.logIn({ email: ADA, password: PASSWORD }, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the table', () => {
  it.each([
    PASSWORD,
    '',
    '$argon2id$',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    `$2x$10$${'a'.repeat(53)}`,
    `x$2b$10$${'a'.repeat(53)}`,
  ])('does not take %j for a hash', async (text) => {
    await using app = await startTestApp();

    await expect(app.addUser(ADA, text)).rejects.toThrow(
      'violates check constraint',
    );
  });

  it('forgets the hash of a user who is deleted', async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    for (const version of ['2a', '2b', '2y'])
      await app.addUser(
        `${version}@example.com`,
        `$${version}$10$${'a'.repeat(53)}`,
      );

    await app.pool.query('delete from users');

    const { rows } = await app.pool.query(
      'select from password_hashes',
    );
    expect(rows).toEqual([]);
  });
});
