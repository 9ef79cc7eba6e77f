/** One call of a log. */
export type LogEntry = { level: string; message: string; details: object };

/** A log that remembers what it was told, in order. */
export function createTestLog() {
  const entries: LogEntry[] = [];
  const at =
    (level: string) =>
    (message: string, details: object = {}) =>
      void entries.push({ level, message, details });
  return {
    entries,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
