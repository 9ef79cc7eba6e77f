import { PredictionError } from './prediction-error.ts';

type Connection = {
  once: (event: 'close', listener: () => void) => unknown;
};

/** The end of a request, the first of two: its deadline, or that its client goes. */
export function endOf(
  response: Connection,
  deadline: AbortSignal,
): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return AbortSignal.any([deadline, gone.signal]);
}

/** What a client is told when its deadline has passed; any other error stays as it is. */
export function explainEnd(error: unknown): unknown {
  const isLate =
    error instanceof DOMException && error.name === 'TimeoutError';
  return isLate ? new PredictionError('deadline_exceeded') : error;
}
