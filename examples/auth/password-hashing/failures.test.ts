import { argon2Sync } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { hash as hashWithBcrypt } from '@node-rs/bcrypt';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect } from 'vitest';
import { parseHash } from './argon2id.ts';
import { verifyImported } from './imported-hashes.ts';
import { peppersText } from './peppers.ts';
import { createSecrets } from './secrets.ts';
import { createPepper, PASSWORD, startTestApp } from './test-app.ts';

const ADA = 'ada@example.com';
const BOB = 'bob@example.com';
const wrong = { status: 401, body: { code: 'wrong_credentials' } };
const broken = { status: 500, body: { code: 'internal_error' } };

failure(
  'Hundreds of logins arrive at once',
  {
    symptom:
      '503 `too_many_logins` with `Retry-After` for what does not fit in the queue; all else is served',
    defence: 'run',
    remains:
      'During an attack, users get 503 too: limit the rate of each address and account',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    let answered = 0;
    const flood = Array.from({ length: 150 }, async () => {
      const answer = await app.logIn(ADA, 'wrong');
      answered += 1;
      return answer;
    });
    await waitUntil('the first login is answered', () => answered > 0);

    const [health] = await Promise.all([
      app.send('GET', '/health'),
      readFile(new URL(import.meta.url)),
      lookup('localhost'),
    ]);

    expect(health.status).toBe(204);
    expect(answered).toBeLessThan(150);
    const answers = await Promise.all(flood);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers, body } of refused) {
      expect(body.code).toBe('too_many_logins');
      expect(headers.get('retry-after')).toBe('2');
    }
    for (const answer of answers)
      if (answer.status !== 503) expect(answer).toMatchObject(wrong);
    // Two that run and fifty that wait are never refused.
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(52);
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'An attacker finds out who has an account, by the answer or its time',
  {
    symptom: 'The same 401 after the same work',
    defence: 'verify',
    remains:
      'A hash that is not replaced yet takes another time: an old cost, or bcrypt',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const known: number[] = [];
    const unknown: number[] = [];

    for (let round = 0; round < 7; round++) {
      known.push(await measure(ADA));
      unknown.push(await measure(BOB));
    }

    const ratio = median(unknown) / median(known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);

    /** The CPU time of a login, in microseconds: other programs do not disturb it. */
    async function measure(email: string): Promise<number> {
      const before = process.cpuUsage();
      const answer = await app.logIn(email, 'wrong');
      const { user, system } = process.cpuUsage(before);
      expect(answer).toMatchObject({
        ...wrong,
        body: { ...wrong.body, detail: 'Try again' },
      });
      return user + system;
    }
  },
);

failure(
  'Somebody sends a password of a megabyte, or none',
  {
    symptom: '400 `invalid_password` before anything is hashed',
    defence: 'require-text',
    remains: 'The server reads the body first: limit its size too',
  },
  async () => {
    const queue = { parallel: 1, waiting: 1 };
    await using app = await startTestApp({ queue });
    const { verify, hash } = app.hasher;
    const refused = { code: 'invalid_password', status: 400 };
    const bad = ['', 'x'.repeat(1025), '€'.repeat(342), 'a\ud800'];
    // As many as may run and wait: a hash would be refused with 503.
    const flood = [hash(PASSWORD), hash(PASSWORD)];

    for (const password of [...bad, 'x'.repeat(1_000_000)]) {
      await expect(verify(password)).rejects.toMatchObject(refused);
      await expect(hash(password)).rejects.toMatchObject(refused);
    }

    await Promise.all(flood);
    for (const password of ['x', 'x'.repeat(1024), '€'.repeat(341)]) {
      const stored = await hash(password);
      expect(await verify(password, stored)).toEqual({ isRight: true });
    }
    const answer = await app.logIn(BOB, 'x'.repeat(1025));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_password',
        detail: 'A password is text of 1 to 1024 bytes',
      },
    });
  },
);

failure(
  'Somebody reads the table of hashes',
  {
    symptom:
      'Without the pepper, no guess can be checked; the same password has two hashes',
    defence: 'derive',
    remains:
      'An attacker who also has the pepper guesses weak passwords, slowly',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);
    const hashes = [await app.readHash(ADA), await app.readHash(BOB)];
    expect(new Set(hashes).size).toBe(2);

    for (const stored of hashes) {
      expect(stored).not.toContain(PASSWORD);
      const { salt, tag } = parseHash(stored) ?? {};
      const secret = app.pepper.secret.reveal();
      const guess = {
        message: PASSWORD,
        nonce: Buffer.from(salt ?? ''),
        memory: 19_456,
        passes: 2,
        parallelism: 1,
        tagLength: 32,
      };
      expect(argon2Sync('argon2id', guess)).not.toEqual(tag);
      expect(argon2Sync('argon2id', { ...guess, secret })).toEqual(tag);
    }
  },
);

failure(
  'The cost is raised after some years',
  {
    symptom: 'None: each user gets a new hash at the next login',
    defence: 'verify',
    remains: 'Users who do not come back keep the old hash',
  },
  async () => {
    const cost = { memory: 12_288, passes: 3 };
    await using app = await startTestApp({ cost });
    await app.register(ADA);
    const before = await app.readHash(ADA);
    expect(before).toContain('$m=12288,t=3,p=1,');
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toBe(before);

    const raised = await app.start({});
    expect(await raised.logIn(ADA, 'wrong')).toMatchObject(wrong);
    expect(await app.readHash(ADA)).toBe(before);
    expect((await raised.logIn(ADA)).status).toBe(201);

    const after = await app.readHash(ADA);
    expect(after).toContain('$m=19456,t=2,p=1,');
    expect((await raised.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toBe(after);
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'The pepper has leaked, or has to be replaced',
  {
    symptom:
      'None, as long as the old one stays in the list; a hash whose pepper is gone answers 500, not 401',
    defence: 'verify',
    remains:
      'Users who do not come back keep the old pepper: delete their hashes, and they reset their passwords',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    await app.register(BOB);
    const next = createPepper('2027');

    const both = await app.start({ peppers: [next, app.pepper] });
    expect((await both.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toContain(',keyid=2027$');
    expect(await both.logIn(ADA, 'wrong')).toMatchObject(wrong);
    // The instances that are not deployed yet have the next one second.
    const notYet = await app.start({ peppers: [app.pepper, next] });
    expect((await notYet.logIn(ADA)).status).toBe(201);
    expect((await both.logIn(ADA)).status).toBe(201);

    const one = await app.start({ peppers: [next] });
    expect((await one.logIn(ADA)).status).toBe(201);
    expect(await one.logIn(BOB)).toMatchObject(broken);
    const message = 'there is no pepper 2026';
    expect(app.log.entries).toMatchObject([
      {
        details: {
          error: { code: 'unreadable_password_hash', message },
        },
      },
    ]);
    await app.pool.query(
      `delete from password_hashes where hash not like '%,keyid=2027$%'`,
    );
    expect(await one.logIn(BOB)).toMatchObject(wrong);
    expect((await one.logIn(ADA)).status).toBe(201);
  },
);

failure(
  'The setting with the peppers is missing, short or easy to guess',
  {
    symptom:
      'The start fails, and the message does not quote the pepper',
    defence: 'peppers',
    remains: 'A pepper that leaked looks like any other',
  },
  async () => {
    const good = createSecrets().PASSWORD_PEPPERS;
    const [, secret = ''] = good.split(':');
    const faults: [string | undefined, string][] = [
      [undefined, 'is not set'],
      [secret, 'the id of a pepper must be 4 or 8 letters or digits'],
      [`20:${secret}`, 'the id of a pepper must be'],
      [`2026-1:${secret}`, 'the id of a pepper must be'],
      ['2026:', 'is too short'],
      [`2026:${secret.slice(1)}`, 'is too short'],
      [`2026:${'a'.repeat(43)}`, 'is easy to guess'],
      [`${good},2026:${secret}x`, 'two peppers have the same id'],
    ];
    for (const [text, sentence] of faults) {
      const { error } = peppersText.safeParse(text);
      expect(error?.message).toContain(sentence);
      expect(error?.message).not.toContain(secret.slice(1));
    }
    expect(
      peppersText.parse(`${good},abcd1234:${secret}`),
    ).toHaveLength(2);

    const { code, errors } = await runProgram(
      new URL('main.ts', import.meta.url),
      { PASSWORD_PEPPERS: '2026:tiger', PORT: '0' },
    );
    expect(code).toBe(1);
    expect(errors).toContain('PASSWORD_PEPPERS');
    expect(errors).toContain('is too short');
    expect(errors).not.toContain('tiger');
  },
);

failure(
  'A stored hash is broken, or asks for 64 GiB',
  {
    symptom:
      '500 for this user, and the log has `unreadable_password_hash` without the hash',
    defence: 'parse-hash',
    remains:
      'An attacker who can write to the table can replace a hash',
  },
  async () => {
    await using app = await startTestApp();
    await app.register(ADA);
    const good = await app.readHash(ADA);
    const bad = [
      good.replace('m=19456', 'm=67108864'),
      good.replace('t=2', 't=4000000000'),
      good.replace(/keyid=.*/, `${'A'.repeat(43)}`),
      good.replace('argon2id', '2b'),
    ];
    for (const stored of bad) {
      await app.pool.query('update password_hashes set hash = $1', [
        stored,
      ]);
      expect(await app.logIn(ADA)).toMatchObject(broken);
    }

    expect(app.log.entries).toHaveLength(bad.length);
    for (const { details } of app.log.entries)
      expect(details).toMatchObject({
        error: {
          code: 'unreadable_password_hash',
          message: 'a stored hash cannot be read',
        },
      });
    await app.pool.query('update password_hashes set hash = $1', [
      good,
    ]);
    expect((await app.logIn(ADA)).status).toBe(201);
  },
);

failure(
  'A user types é on another keyboard',
  {
    symptom: 'The login works: NFC makes one text of both',
    defence: 'normalise',
    remains: 'Look-alikes such as ﬁ and fi stay different',
  },
  async () => {
    await using app = await startTestApp();
    const composed = 'caf\u00e9 au lait';
    const decomposed = 'cafe\u0301 au lait';
    await app.register(ADA, composed);
    await app.register(BOB, decomposed);

    for (const email of [ADA, BOB])
      for (const password of [composed, decomposed])
        expect((await app.logIn(email, password)).status).toBe(201);
    expect(await app.logIn(ADA, 'cafe au lait')).toMatchObject(wrong);
    await app.register('cat@example.com', '\ufb01sh');
    const answer = await app.logIn('cat@example.com', 'fish');
    expect(answer).toMatchObject(wrong);
  },
);

failure(
  'Users are imported with bcrypt, which ignores all after 72 bytes',
  {
    symptom:
      'The login works and replaces the hash; 401 for what bcrypt would cut off',
    defence: 'verify-imported',
    remains: 'Owners of longer passwords have to reset them',
  },
  async () => {
    await using app = await startTestApp();
    await app.addUser(ADA, await hashWithBcrypt(PASSWORD, { cost: 4 }));
    expect(await app.logIn(ADA, 'wrong')).toMatchObject(wrong);
    expect((await app.logIn(ADA)).status).toBe(201);
    expect(await app.readHash(ADA)).toMatch(
      /^\$argon2id\$.*,keyid=2026\$/,
    );
    expect((await app.logIn(ADA)).status).toBe(201);

    const long = 'x'.repeat(72);
    const cut = await hashWithBcrypt(`${long}yz`, { cost: 4 });
    await app.addUser(BOB, cut);
    for (const password of [`${long}y`, `${long}yz`, '€'.repeat(25)])
      expect(await app.logIn(BOB, password)).toMatchObject(wrong);
    expect(await app.readHash(BOB)).toBe(cut);
    expect((await app.logIn(BOB, long)).status).toBe(201);

    // The body parser refuses NUL; other ways in may not.
    const nul = await hashWithBcrypt('ab\0cd', { cost: 4 });
    expect(await verifyImported('ab\0cd', nul)).toBe(false);
  },
);

function median(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
