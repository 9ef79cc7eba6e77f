/** Who reads what, from where on. */
export type Reader = {
  topic: string;
  /** Names the login, such as the hash of its token. */
  key: string;
  /** The id that came last; without one, the stream begins now. */
  after?: number | undefined;
  /** When the login ends, and the stream with it. */
  until: Date;
};

/** An EventSource that gets this does not ask again. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  override readonly message = 'You may not read this topic';
  readonly expose = true;
  readonly status = 403;
  readonly code = 'not_a_reader';
}
