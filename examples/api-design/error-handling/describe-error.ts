/** What a log may hold of a value that was thrown. */
export type ErrorDescription = {
  name: string;
  message: string;
  code?: string;
  stack?: string;
};

const MOST_CAUSES = 8;
const MOST_CHARACTERS = 4_000;

/** The error, what caused it, and what those were caused by. */
export function listCauses(error: unknown): unknown[] {
  const found = new Set([error]); // a cycle adds nothing to a set
  for (const link of found) {
    if (!(link instanceof Error)) continue;
    const parts = link instanceof AggregateError ? link.errors : [];
    for (const cause of [link.cause, ...parts])
      if (cause !== undefined && found.size < MOST_CAUSES)
        found.add(cause);
  }
  return [...found];
}

// #region describe-error
/** Safe for JSON, bounded, and without the fields that hold secrets. */
export function describeError(error: unknown): ErrorDescription[] {
  try {
    return listCauses(error).map(describeLink);
  } catch {
    // A getter that throws: whoever reports an error must not fail.
    return [{ name: 'unreadable', message: 'it cannot be read' }];
  }
}

function describeLink(error: unknown): ErrorDescription {
  if (!(error instanceof Error))
    return { name: 'not an Error', message: describeValue(error) };
  // Named one by one: a driver adds rows, an HTTP client its headers.
  const { name, message, stack } = error;
  return {
    name: cut(name),
    message: cut(message),
    ...('code' in error &&
      typeof error.code === 'string' && { code: cut(error.code) }),
    ...(stack && { stack: cut(stack) }),
  };
}
// #endregion describe-error

/** An object may hold anything, a row with a password too: only its type is told. */
function describeValue(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null;
  return isObject || typeof value === 'function'
    ? `a value of type ${typeof value}`
    : cut(value);
}

function cut(value: unknown): string {
  return String(value).slice(0, MOST_CHARACTERS);
}
