import { spawnSync } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';

/** SQL is proven by being applied to a real server, a configuration by being loaded by its program. */
export type EvidenceKind = 'applied' | 'loaded';

const evidence = channel('touchstone:evidence');
const services = channel('touchstone:service');

/** Tells the recorder of a proof that a file of an example, which no JavaScript engine runs, was used. */
export function noteEvidence(kind: EvidenceKind, file: URL): void {
  evidence.publish({ kind, file: fileURLToPath(file) });
}

/** Tells the recorder of a proof which version of a service is used; of a longer text, the first number. */
export function noteService(name: string, text: string): void {
  services.publish({ name, version: /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text.trim() });
}

/** The same of a program that says its version itself; it is asked only where a proof is recorded. */
export function noteProgram(name: string, program: string, args: string[]): void {
  if (!services.hasSubscribers) return;
  // nginx says it on stderr, and Mosquitto only in its help, with exit code 1 or 3.
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  noteService(name, `${stdout}\n${stderr}`);
}
