import { channel } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';

/** SQL is proven by being applied to a real server, a configuration by being loaded by its program. */
export type EvidenceKind = 'applied' | 'loaded';

const evidence = channel('touchstone:evidence');

/** Tells whoever records proof that a file of an example, which no JavaScript engine runs, was used. */
export function noteEvidence(kind: EvidenceKind, file: URL): void {
  evidence.publish({ kind, file: fileURLToPath(file) });
}
