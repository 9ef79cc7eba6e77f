/** Work took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'deadline_exceeded';
}

type Work<T> = (signal: AbortSignal) => PromiseLike<T>;

/** What the work resolves with; rejects after `ms`, even when the work ignores its signal. */
export async function withDeadline<T>(
  ms: number,
  work: Work<T>,
): Promise<T> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new DeadlineError(`took longer than ${ms} ms`);
    abort.abort(error);
    reject(error);
  }, ms);
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
