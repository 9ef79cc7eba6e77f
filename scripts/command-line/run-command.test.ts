import { afterEach, expect, it, vi } from 'vitest';
import { endWithCode, readInput } from './run-command.ts';
import { UsageError } from './usage-error.ts';

afterEach(() => void vi.restoreAllMocks());

async function fail(error: unknown, isJson = false) {
  vi.clearAllMocks();
  const errors = vi.spyOn(console, 'error').mockReturnValue();
  const output = vi.spyOn(console, 'log').mockReturnValue();
  const code = await endWithCode({ name: 'tool', isJson }, () => Promise.reject(error));
  return { code, errors: errors.mock.calls, output: output.mock.calls };
}

it('tells a mistake of the caller in one sentence', async () => {
  class OwnError extends UsageError {}
  expect(await fail(new OwnError('name a file'))).toEqual({
    code: 2,
    errors: [['tool: name a file']],
    output: [],
  });
});

it.each([
  new TypeError('of null'),
  Object.assign(new TypeError('must be a string'), { code: 'ERR_INVALID_ARG_TYPE' }),
  Object.assign(new Error('mine'), { name: 'UsageError', code: 'OWN' }),
])('tells a fault of ours with its stack, whatever its name and code: %s', async (error) => {
  expect(await fail(error)).toEqual({ code: 2, errors: [['tool failed:', error]], output: [] });
});

it('gives JSON to a caller that asked for it, and the stack of a fault beside it', async () => {
  const told = await fail(new UsageError('name a file'), true);
  expect(told).toMatchObject({ errors: [], output: [['{\n  "error": "name a file"\n}']] });
  const fault = new TypeError('of null');
  expect(await fail(fault, true)).toMatchObject({
    errors: [['tool failed:', fault]],
    output: [['{\n  "error": "of null"\n}']],
  });
});

it('answers an unknown flag with the usage', () => {
  expect(() => readInput(['--nope'], { usage: 'tool [--yes]' })).toThrow(
    /^Unknown option '--nope'[\s\S]*tool \[--yes\]$/,
  );
});
