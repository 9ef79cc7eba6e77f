/** Who reads what, from where on. */
export type Reader = {
  topic: string;
  /** The id that came last; without one, the stream begins now. */
  after: number | undefined;
  mayRead: () => Promise<boolean>;
  /** When the login ends, and the stream with it. */
  until: Date;
};

/** An EventSource that is answered so does not ask again. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  override readonly message = 'You may not read this topic';
  readonly status = 403;
  readonly code = 'not_a_reader';
}
