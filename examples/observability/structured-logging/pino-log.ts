import pino from 'pino';
import { escapeUnsafe, type LogLevel } from './create-log.ts';
import { readLogContext } from './log-context.ts';
import { type LogOutput, openLogOutput } from './log-output.ts';
import { createToLoggable } from './to-loggable.ts';

/** The same guards around pino, for what wants a pino logger. */
// #region pino
export function createPino(
  output: Pick<LogOutput, 'write'> = openLogOutput(),
  level: LogLevel = 'info',
) {
  const toLoggable = createToLoggable();
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      nestedKey: 'details', // or { level: 'x' } overwrites the level
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => Object(toLoggable(fields)),
      },
      mixin: () => ({ context: readLogContext() }),
      hooks: { streamWrite: escapeUnsafe },
    },
    output,
  );
}
// #endregion pino
