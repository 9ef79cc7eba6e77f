/** Something about the project that its owner can fix; the message says how. */
export class ProjectError extends Error {
  override readonly name = 'ProjectError';
}
