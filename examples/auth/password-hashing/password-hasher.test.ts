import { argon2Sync } from 'node:crypto';
import { hash as hashWithBcrypt } from '@node-rs/bcrypt';
import {
  hash as hashWithArgon2,
  verify as verifyWithArgon2,
} from 'argon2';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../architecture/typed-configuration/secret.ts';
import { isAffordable, parseHash } from './argon2id.ts';
import { verifyImported } from './imported-hashes.ts';
import { createPasswordHasher } from './password-hasher.ts';
import type { Peppers } from './peppers.ts';
import { createPepper, PASSWORD } from './test-app.ts';

const pepper = createPepper();
const hasher = createPasswordHasher({ peppers: [pepper] });
const SALT = 'c29tZXNhbHRzb21lc2FsdA';
const TAG = 'A'.repeat(43);

describe('a new hash', () => {
  it('is a PHC string of the cost that OWASP recommends, with a salt of its own', async () => {
    const hashes = [await hasher.hash('a'), await hasher.hash('a')];

    for (const hash of hashes)
      expect(hash).toMatch(
        /^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=2026\$[\w+/]{22}\$[\w+/]{43}$/,
      );
    const [one, other] = hashes.map((hash) => hash.split('$').slice(4));
    expect(one?.[0]).not.toBe(other?.[0]);
    expect(one?.[1]).not.toBe(other?.[1]);
  });

  it.each([
    [47_104, 1],
    [19_456, 2],
    [12_288, 3],
    [9216, 4],
    [7168, 5],
  ])(
    'may cost %d KiB, filled %d times, and no less',
    async (memory, passes) => {
      const peppers: Peppers = [pepper];
      const cost = { memory, passes };
      const stored = await createPasswordHasher({ peppers, cost }).hash(
        'a',
      );
      expect(stored).toContain(`$m=${memory},t=${passes},p=1,`);

      for (const less of [
        { memory: memory - 1, passes },
        { memory, passes: passes - 1 },
        { memory: Number.NaN, passes },
      ])
        expect(() =>
          createPasswordHasher({ peppers, cost: less }),
        ).toThrow('the cost is lower than OWASP recommends');
    },
  );

  it('cannot cost more than a stored one may', () => {
    const cost = { memory: 262_144, passes: 5 };
    expect(() =>
      createPasswordHasher({ peppers: [pepper], cost }),
    ).toThrow('the cost is higher than hashes may have');
  });

  it.each([
    { id: '2026', secret: new Secret('') },
    { id: '2026', secret: new Secret('x'.repeat(64)) },
    { id: '', secret: pepper.secret },
  ])('needs a good pepper, and a wrong one is not quoted', (bad) => {
    expect(() => createPasswordHasher({ peppers: [bad] })).toThrow(
      /is too short|is easy to guess|the id of a pepper/,
    );
  });

  it('cannot be made without a pepper', () => {
    const peppers: (typeof pepper)[] = [];
    expect(() =>
      // As JavaScript may call it.
      Reflect.apply(createPasswordHasher, undefined, [{ peppers }]),
    ).toThrow('expected object');
  });
});

describe('a stored hash', () => {
  it('that another program made with the pepper is right', async () => {
    const tag = argon2Sync('argon2id', {
      message: PASSWORD,
      nonce: Buffer.from(SALT, 'base64'),
      memory: 7168,
      passes: 5,
      parallelism: 2,
      tagLength: 20,
      secret: pepper.secret.reveal(),
    });
    const begin = '$argon2id$v=19$m=7168,t=5,p=2,keyid=2026';
    const end = tag.toString('base64').replaceAll('=', '');
    const stored = `${begin}$${SALT}$${end}`;

    const verdict = await hasher.verify(PASSWORD, stored);

    expect(verdict).toEqual({
      isRight: true,
      rehashed: expect.stringContaining('$m=19456,t=2,p=1,keyid=2026$'),
    });
    expect(await hasher.verify(PASSWORD, verdict.rehashed)).toEqual({
      isRight: true,
    });
    expect(await hasher.verify('wrong', stored)).toEqual({
      isRight: false,
    });
  });

  it('is right for another program that has the pepper', async () => {
    const stored = await hasher.hash(PASSWORD);
    const secret = Buffer.from(pepper.secret.reveal());
    const bare = stored.replace(/,keyid=\w+/, '');

    expect(await verifyWithArgon2(bare, PASSWORD, { secret })).toBe(
      true,
    );
    expect(await verifyWithArgon2(bare, PASSWORD)).toBe(false);
  });

  it('is never right when there is none', async () => {
    expect(await hasher.verify(PASSWORD)).toEqual({ isRight: false });
    expect(await hasher.verify(PASSWORD, undefined)).toEqual({
      isRight: false,
    });
  });

  it('without a pepper is not read, unless imports are allowed', async () => {
    const stored = await hashWithBcrypt(PASSWORD, { cost: 4 });
    const bare = `$argon2id$v=19$m=8,t=1,p=1$${SALT}$${TAG}`;
    for (const one of [stored, bare])
      await expect(hasher.verify(PASSWORD, one)).rejects.toMatchObject({
        code: 'unreadable_password_hash',
        name: 'StoredHashError',
      });

    const { verify } = createPasswordHasher({
      peppers: [pepper],
      imported: verifyImported,
    });
    expect((await verify(PASSWORD, stored)).isRight).toBe(true);
    expect(await verify(PASSWORD, bare)).toEqual({ isRight: false });
  });

  it('is read with its cost, its pepper, its salt and its tag', () => {
    expect(
      parseHash(
        `$argon2id$v=19$m=64,t=3,p=2,keyid=2026$${SALT}$${TAG}`,
      ),
    ).toEqual({
      cost: { memory: 64, passes: 3, lanes: 2 },
      keyId: '2026',
      salt: Buffer.from('somesaltsomesalt'),
      tag: Buffer.alloc(32),
    });
  });

  it.each([
    '',
    `x$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}x$`,
    `$argon2i$v=19$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=16$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$m=64,t=3,p=2$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,p=3$${SALT}$${TAG}`,
    `$argon2id$v=19$t=64,p=3$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2,data=AAAA$${SALT}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT.slice(0, 10)}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${'A'.repeat(65)}$${TAG}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG.slice(0, 21)}`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}${TAG}A`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$`,
    `$argon2id$v=19$m=64,t=3,p=2$${SALT}$${TAG}=`,
  ])('is not read when it is %j', (text) => {
    expect(parseHash(text)).toBeUndefined();
  });

  it('may have a salt of 8 to 48 bytes and a tag of 16 to 64', () => {
    const begin = '$argon2id$v=19$m=64,t=3,p=2$';
    const short = `${begin}${'A'.repeat(11)}$${'A'.repeat(22)}`;
    const long = `${begin}${'A'.repeat(64)}$${'A'.repeat(86)}`;

    expect(parseHash(short)?.salt).toHaveLength(8);
    expect(parseHash(short)?.tag).toHaveLength(16);
    expect(parseHash(long)?.salt).toHaveLength(48);
    expect(parseHash(long)?.tag).toHaveLength(64);
  });

  it.each([
    [true, 262_144, 4, 1],
    [false, 262_145, 1, 1],
    [false, 262_144, 5, 1],
    [true, 8, 131_072, 1],
    [false, 8, 131_073, 1],
    [false, 64, 0, 1],
    [true, 8, 1, 1],
    [false, 7, 1, 1],
    [true, 32, 1, 4],
    [false, 31, 1, 4],
    [false, 64, 1, 0],
    [true, 136, 1, 16],
    [false, 136, 1, 17],
    [false, 64.5, 1, 1],
    [false, 64, 1.5, 1],
    [false, 64, 1, 1.5],
    [false, Number.NaN, 1, 1],
    [false, 64, Number.NaN, 1],
    [false, 64, 1, Number.NaN],
  ])(
    'may: %j, cost %d KiB, %d passes and %d lanes',
    (may, memory, passes, lanes) => {
      expect(isAffordable({ memory, passes, lanes })).toBe(may);
    },
  );
});

describe('an imported hash', () => {
  it('of the package argon2, at its defaults, is right without a pepper', async () => {
    const stored = await hashWithArgon2(PASSWORD);

    expect(await verifyImported(PASSWORD, stored)).toBe(true);
    expect(await verifyImported('wrong', stored)).toBe(false);
  });

  it('is compared with the text as it was typed', async () => {
    const decomposed = 'cafe\u0301';
    const stored = await hashWithBcrypt(decomposed, { cost: 4 });

    expect(await verifyImported(decomposed, stored)).toBe(true);
    expect(await verifyImported('caf\u00e9', stored)).toBe(false);
  });

  it.each(['2a', '2b', '2y'])(
    'may be bcrypt with %s',
    async (version) => {
      const stored = await hashWithBcrypt('x'.repeat(72), { cost: 4 });
      const other = stored.replace('2b', version);

      expect(await verifyImported('x'.repeat(72), other)).toBe(true);
      expect(await verifyImported('x'.repeat(71), other)).toBe(false);
    },
  );

  it.each(['$2b$03$', '$2b$15$', '$2b$31$', '$2x$10$', 'x$2b$10$'])(
    'is not read when it begins with %s',
    async (begin) => {
      const stored = `${begin}${'a'.repeat(53)}`;
      expect(await verifyImported(PASSWORD, stored)).toBeUndefined();
    },
  );

  it.each([52, 54])(
    'is not read when %d characters follow',
    async (length) => {
      const stored = `$2b$04$${'a'.repeat(length)}`;
      expect(await verifyImported(PASSWORD, stored)).toBeUndefined();
    },
  );

  it.each(['04', '09', '10', '14'])(
    'may have the cost %s',
    async (cost) => {
      const stored = `$2b$${cost}$${'a'.repeat(53)}`;
      expect(await verifyImported('x'.repeat(73), stored)).toBe(false);
    },
  );
});
