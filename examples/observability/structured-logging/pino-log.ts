import pino from 'pino';
import { escapeUnsafe, type LogLevel } from './create-log.ts';
import { readLogContext } from './log-context.ts';
import { type LogOutput, openStdout } from './log-output.ts';
import { toLoggable } from './to-loggable.ts';

/** The same guards around pino, for what wants a pino logger; the message is not scrubbed. */
export function createPino(
  output: Pick<LogOutput, 'write'> = openStdout(),
  level: LogLevel = 'info',
) {
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        // Below a key of their own, or { level: 'x' } overwrites the level.
        log: (fields) => ({
          context: toLoggable(readLogContext()),
          details: toLoggable(fields),
        }),
      },
      hooks: { streamWrite: escapeUnsafe },
    },
    output,
  );
}
