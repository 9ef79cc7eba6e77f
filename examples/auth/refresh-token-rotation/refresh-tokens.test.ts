import { describe, expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';
import { readTokens } from './test-client.ts';

const refused = {
  status: 401,
  body: {
    title: 'Unauthorized',
    status: 401,
    code: 'invalid_grant',
    detail: 'Log in again',
  },
};

describe('a login', () => {
  it('gives tokens that open the door and are renewed again and again', async () => {
    await using app = await startTestApp();
    let tokens = await app.login();

    for (let round = 0; round < 5; round++) {
      app.clock.advance({ minutes: 5 });
      const next = readTokens(await app.refresh(tokens.refreshToken));
      expect(next.refreshToken).not.toBe(tokens.refreshToken);
      tokens = next;
    }

    expect((await app.me(tokens.accessToken)).status).toBe(200);
  });

  it('ends after seven days without a renewal', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();

    app.clock.advance({ days: 7, seconds: 1 });

    expect(await app.refresh(refreshToken)).toEqual(refused);
  });

  it('ends after thirty days, however often it is renewed', async () => {
    await using app = await startTestApp();
    let { refreshToken } = await app.login();
    for (let day = 0; day < 25; day += 5) {
      app.clock.advance({ days: 5 });
      ({ refreshToken } = readTokens(await app.refresh(refreshToken)));
    }

    app.clock.advance({ days: 5, seconds: 1 });

    expect(await app.refresh(refreshToken)).toEqual(refused);
  });

  it('ends when the thief was first and the owner comes second', async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();
    const thief = readTokens(await app.refresh(refreshToken));
    app.clock.advance({ minutes: 4 });

    expect(await app.refresh(refreshToken)).toEqual(refused);
    expect(await app.refresh(thief.refreshToken)).toEqual(refused);
  });
});

describe('a logout', () => {
  it('ends the login on this device and leaves the others', async () => {
    await using app = await startTestApp();
    const phone = await app.login();
    const laptop = await app.login();

    expect((await app.logout(phone.accessToken)).status).toBe(204);

    expect(await app.refresh(phone.refreshToken)).toEqual(refused);
    expect((await app.refresh(laptop.refreshToken)).status).toBe(200);
  });

  it('ends every login of this user when it is a logout everywhere', async () => {
    await using app = await startTestApp();
    const phone = await app.login();
    const laptop = await app.login();

    expect((await app.logoutEverywhere(phone.accessToken)).status).toBe(
      204,
    );

    expect(await app.refresh(phone.refreshToken)).toEqual(refused);
    expect(await app.refresh(laptop.refreshToken)).toEqual(refused);
  });
});

describe('the database', () => {
  it('refuses a second token that works in one family', async () => {
    await using app = await startTestApp();
    await app.login();

    const fork = app.pool.query(
      `insert into refresh_tokens (hash, family_id, expires_at)
       select sha256('another'), family_id, expires_at from refresh_tokens`,
    );

    await expect(fork).rejects.toMatchObject({
      code: '23505',
      constraint: 'one_unspent_token_in_a_family',
    });
  });
});
