import { HttpProblem } from '@touchstone/kit/app/problems';
import type { ErrorRequestHandler } from 'express';

/** A request whose time was up gets 504; a client that is gone gets nothing. */
export const answerDeadline: ErrorRequestHandler = (
  error: unknown,
  _request,
  response,
  next,
) => {
  if (response.destroyed) return;
  const isLate =
    error instanceof DOMException && error.name === 'TimeoutError';
  next(
    isLate
      ? new HttpProblem(504, 'deadline_exceeded', 'It took too long')
      : error,
  );
};
