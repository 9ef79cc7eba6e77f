import { runProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';

it('shows why no thread is terminated: inside ONNX Runtime, that aborts the process', async () => {
  const { code, output, errors } = await runProgram(
    new URL('test-terminate.ts', import.meta.url),
  );

  expect(output).toBe(''); // the program does not come to its end
  expect(code).not.toBe(0);
  expect(errors).toContain('Napi::Error');
});
