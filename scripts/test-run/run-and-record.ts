import { runForeground } from '../bootstrap/run-foreground.mjs';
import { colourEnvironment, type StepResult } from '../command-line/terminal.ts';

type ProgramRun = { code: number; output: string };

/** Runs a program of this repository to its end and keeps what it prints. */
export async function runAndRecord(
  words: readonly [string, ...string[]],
  report: (text: string) => void,
  environment: Record<string, string> = {},
): Promise<ProgramRun> {
  const [program, ...rest] = words;
  let output = '';
  const code = await runForeground(program, rest, {
    env: { ...colourEnvironment(), ...environment },
    onOutput(text) {
      output += text;
      report(text);
    },
  });
  return { code, output };
}

/** Runs a program as one step that passes when it exits 0. */
export async function runAsStep(
  words: readonly [string, ...string[]],
  report: (text: string) => void,
): Promise<StepResult> {
  const { code, output } = await runAndRecord(words, report);
  if (code === 0) return { passed: 1, failed: 0, output };
  return { passed: 0, failed: 1, output: output || `${words.join(' ')} ended with code ${code}` };
}
