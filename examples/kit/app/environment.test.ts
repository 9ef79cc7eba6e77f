import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readEnvironment, secret } from './environment.ts';
import { SettingError } from './setting-error.ts';

const schema = z.object({ KEY: secret('Make one.'), PORT: z.coerce.number().default(3000) });

describe('readEnvironment', () => {
  it('gives typed settings with their defaults', () => {
    const KEY = randomBytes(32).toString('base64url');

    expect(readEnvironment(schema, { KEY })).toEqual({ KEY, PORT: 3000 });
  });

  it('says all that is wrong at once, a sentence each', () => {
    const read = () => readEnvironment(schema, { PORT: 'many' });

    expect(read).toThrow(SettingError);
    expect(read).toThrow(/^KEY: is not set\. Make one\.\nPORT: .+$/);
  });
});

describe('secret', () => {
  it('accepts random bytes as base64, base64url and hex', () => {
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      for (let n = 0; n < 1000; n++)
        expect(secret('').safeParse(randomBytes(32).toString(encoding)).success).toBe(true);
  });

  it('refuses what is missing, short, well known or monotonous, and never repeats it', () => {
    const values = ['', 'hunter2', 'changeme'.repeat(8), 'a'.repeat(64), 'my-secret-key'.repeat(5)];
    for (const value of values) {
      const { error } = secret('Make one.').safeParse(value);
      expect(error?.issues[0]?.message).toContain('Make one.');
      if (value) expect(error?.message).not.toContain(value);
    }
  });
});
