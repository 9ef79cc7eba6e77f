import { ZodError } from 'zod';
import { HttpProblem, type Violation } from './http-problem.ts';

const MOST_VIOLATIONS = 20;
const MOST_CHARACTERS = 200;

// #region translate-zod-error
/** Makes a 400 of a ZodError, with a pointer to each fault; returns anything else as it is. */
export function translateZodError(error: unknown): unknown {
  if (!(error instanceof ZodError)) return error;
  return new HttpProblem(
    400,
    'invalid_request',
    'Correct what is listed',
    { errors: listViolations(error), cause: error },
  );
}

function listViolations({ issues }: ZodError): Violation[] {
  // Unknown keys are named in the message, no matter how long they are.
  return issues.slice(0, MOST_VIOLATIONS).map((issue) => ({
    pointer: toPointer(issue.path).slice(0, MOST_CHARACTERS),
    detail: issue.message.slice(0, MOST_CHARACTERS),
  }));
}

/** RFC 6901 §3. */
function toPointer(path: PropertyKey[]): string {
  const steps = path.map((step) =>
    String(step).replaceAll('~', '~0').replaceAll('/', '~1'),
  );
  return steps.map((step) => `/${step}`).join('');
}
// #endregion translate-zod-error
