import { inspect } from 'node:util';
import { createEnv } from '@t3-oss/env-core';
import convict from 'convict';
import { cleanEnv, num, port, str } from 'envalid';
import { expect, it, vi } from 'vitest';
import { z } from 'zod';

const VALUE = 'hunter2-of-production';

it('envalid reads the number that a text begins with, knows no typo, and prints secrets', () => {
  const readNumber = (N: string) => cleanEnv({ N }, { N: num() }).N;

  expect(readNumber('0x10')).toBe(0);
  expect(readNumber('3000abc')).toBe(3000);
  const withDefault = { PORT: port({ default: 3000 }) };
  expect(cleanEnv({ PROT: '80' }, withDefault).PORT).toBe(3000);
  const settings = cleanEnv({ KEY: VALUE }, { KEY: str() });
  expect(inspect(settings)).toContain(VALUE);
});

it('envalid quotes the refused value in its message', () => {
  const told: string[] = [];
  cleanEnv(
    { P: VALUE },
    { P: port() },
    {
      reporter: ({ errors }) => void told.push(`${errors.P?.message}`),
    },
  );

  expect(told.join()).toContain(VALUE);
});

it('t3-env tells all faults without values, takes what zod coerces, and prints secrets', () => {
  const silenced = vi.spyOn(console, 'error').mockReturnValue();
  const read = (server: Record<string, z.ZodType>, value: string) =>
    createEnv({
      server,
      runtimeEnv: { A: value, B: value },
    });

  expect(() => read({ A: z.url(), B: z.url() }, VALUE)).toThrow();
  const told = inspect(silenced.mock.calls, { depth: 9 });
  silenced.mockRestore();
  expect(told).toMatch(/'A'[\s\S]*'B'/);
  expect(told).not.toContain(VALUE);
  expect(inspect(read({ A: z.coerce.number() }, ''))).toContain('A: 0');
  expect(inspect(read({ A: z.coerce.boolean() }, 'false'))).toContain(
    'A: true',
  );
  expect(inspect(read({ A: z.string() }, VALUE))).toContain(VALUE);
});

it('convict reads 1e3 as 1 and "no" as true, and hides a sensitive value only in toString', () => {
  const read = (format: 'int' | 'Boolean', value: string) => {
    const values = { env: { V: value } };
    const config = convict(
      { v: { format, default: null, env: 'V' } },
      values,
    );
    config.validate();
    return config.get('v');
  };
  expect(read('int', '1e3')).toBe(1);
  expect(read('Boolean', 'no')).toBe(true);

  const config = convict(
    {
      key: { format: String, default: '', env: 'KEY', sensitive: true },
    },
    { env: { KEY: VALUE } },
  );
  expect(config.toString()).not.toContain(VALUE);
  expect(JSON.stringify(config)).toContain(VALUE);
  expect(inspect(config.getProperties())).toContain(VALUE);
});
