import { runProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';

it('shows why no thread is terminated: inside ONNX Runtime, that aborts the process', async () => {
  const { code, output, errors } = await runProgram(
    new URL('test-terminate.ts', import.meta.url),
  );

  expect(output).toBe('terminating\n'); // and not a word after it
  expect(code).not.toBe(0);
  expect(errors).toContain('Napi::Error');
});
