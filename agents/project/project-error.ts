/** Something about the project that its owner can mend; the message says how. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError';
}
