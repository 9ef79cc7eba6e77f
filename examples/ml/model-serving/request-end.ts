import { ModelProblem } from './model-problem.ts';

type Connection = {
  once: (event: 'close', listener: () => void) => unknown;
};

/** Works for a request until its deadline passes, which is 504, or its client goes. */
export async function untilEnd<T>(
  response: Connection,
  deadline: AbortSignal,
  work: (end: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const end = AbortSignal.any([deadline, gone.signal]);
  const ended = Promise.withResolvers<never>();
  function stopWaiting() {
    const late = 'The model did not answer in time';
    ended.reject(
      deadline.aborted
        ? new ModelProblem(504, 'deadline_exceeded', late)
        : end.reason,
    );
  }
  end.addEventListener('abort', stopWaiting);
  if (end.aborted) stopWaiting();
  // A body that trickles in is not waited for either.
  return await Promise.race([ended.promise, work(end)]);
}
