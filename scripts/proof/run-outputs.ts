import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runProgram } from '@touchstone/kit/programs/program';
import { normaliseOutput } from './normalise-output.ts';

/** Runs every demo of an example to its end; what each prints, by its name, or what went wrong. */
export async function runOutputs(
  folder: string,
  files: Iterable<string>,
): Promise<{
  outputs: Record<string, string>;
  faults: string[];
}> {
  const outputs: Record<string, string> = {};
  const faults: string[] = [];
  for (const file of files) {
    const name = /^((?:.+-)?demo)\.ts$/.exec(file)?.[1];
    if (!name) continue;
    const { code, output, errors } = await runProgram(pathToFileURL(join(folder, file)));
    if (code === 0) outputs[name] = normaliseOutput(output);
    else faults.push(`${file} ended with exit code ${code}:\n${errors || output}`);
  }
  return { outputs, faults };
}
