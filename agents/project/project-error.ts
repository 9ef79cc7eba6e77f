import { UsageError } from '../../scripts/command-line/usage-error.ts';

/** Something about the project that its owner can fix; the message says how. */
export class ProjectError extends UsageError {
  override readonly name: string = 'ProjectError';
}
