import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeStep } from './terminal.ts';

const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  vi.useFakeTimers();
  vi.stubEnv('NO_COLOR', '1');
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.spyOn(console, 'log').mockImplementation((line) => printed.push(line));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('takeStep', () => {
  it('names the step before and after, with its time and its notes', async () => {
    const result = { passed: 3, failed: 0, output: 'much', notes: ['auth/one 1.0 s'] };

    const taken = await takeStep('tests', async () => {
      vi.advanceTimersByTime(3200);
      return result;
    });

    expect(taken).toEqual(result);
    expect(printed).toEqual(['• tests …', '✓ tests 3.2 s', '  auth/one 1.0 s']);
  });

  it('prints all the output of a step that failed', async () => {
    await takeStep('lint', async () => ({ passed: 0, failed: 1, output: 'one\n\ntwo\n' }));
    expect(printed).toEqual(['• lint …', '✗ lint 0.0 s', '  one\n\n  two']);
  });

  it('takes an exception for a failure and does not throw it', async () => {
    const taken = await takeStep('types', () => Promise.reject(new Error('no such program')));
    expect(taken).toEqual({
      passed: 0,
      failed: 1,
      output: expect.stringContaining('no such program'),
    });
  });

  it('gives a sign of life every 30 seconds, with the last line that was printed', async () => {
    await takeStep('tests', async (report) => {
      report('first\n\u001b[32mexamples/auth/one\u001b[39m\n\n');
      vi.advanceTimersByTime(60_000);
      return { passed: 1, failed: 0, output: '' };
    });
    expect(printed).toEqual([
      '• tests …',
      '• tests …  30 s  examples/auth/one',
      '• tests …  60 s  examples/auth/one',
      '✓ tests 60 s',
    ]);
  });
});
