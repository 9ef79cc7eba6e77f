import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields that every line of a request or a job carries. */
export type LogContext = Record<string, unknown>;

const storage = new AsyncLocalStorage<LogContext>();

// #region log-context
/** Runs a request or a job; its lines carry these fields and those of what it runs in. */
export function runWithLogContext<T>(
  fields: LogContext,
  run: () => T,
): T {
  return storage.run({ ...storage.getStore(), ...fields }, run);
}

/** Adds what is known only later, such as the user; outside a context it does nothing. */
export function addToLogContext(fields: LogContext): void {
  Object.assign(storage.getStore() ?? {}, fields);
}

/** The fields of the request or job that runs now. */
export function readLogContext(): Readonly<LogContext> {
  return storage.getStore() ?? {};
}
// #endregion log-context
