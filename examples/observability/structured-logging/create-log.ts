import { readLogContext } from './log-context.ts';
import { type LogOutput, openStdout } from './log-output.ts';
import { toLoggable } from './to-loggable.ts';

/** From the least to the most important. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much a line matters; a log writes its own level and those after it. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One JSON line a call; `level` may be changed at any time. */
export type Log = Record<
  LogLevel,
  (message: string, details?: object) => void
> & { level: LogLevel };

/** Where a log writes, and from which level on. */
export type LogOptions = {
  output?: Pick<LogOutput, 'write'>;
  level?: LogLevel;
  clock?: () => Date;
};

/** Docker splits a longer line into two that are not JSON. */
const MAX_LINE_BYTES = 16_384;

/** Limits for the context: no single field of it may push out the others. */
const SMALL = { maxBytes: 2048, maxTextBytes: 256 };

/** Creates a log; an unknown level throws, and nothing that is logged does. */
export function createLog(options: LogOptions = {}): Log {
  const { output = openStdout(), clock = () => new Date() } = options;
  let level = checkLevel(options.level ?? 'info');

  // #region format
  function format(of: LogLevel, message: string, details?: object) {
    // Fields are below keys of their own: none can be taken for `level`.
    const line = {
      time: clock().toISOString(),
      level: of,
      message: toLoggable(message),
      context: toLoggable(readLogContext(), SMALL),
      details: details && toLoggable(details),
    };
    const text = toJsonLine(line);
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_LINE_BYTES) return text;
    const short = {
      message: toLoggable(message, SMALL),
      details: { cut: bytes },
    };
    return toJsonLine({ ...line, ...short });
  }
  // #endregion format

  const write =
    (of: LogLevel) => (message: string, details?: object) => {
      if (LOG_LEVELS.indexOf(of) < LOG_LEVELS.indexOf(level)) return;
      output.write(format(of, message, details));
    };

  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    // #region set-level
    get level() {
      return level;
    },
    set level(name: LogLevel) {
      level = checkLevel(name);
    },
    // #endregion set-level
  };
}

function checkLevel(name: LogLevel): LogLevel {
  if (LOG_LEVELS.includes(name)) return name;
  const all = LOG_LEVELS.join(', ');
  throw new TypeError(`there is no log level "${name}": use ${all}`);
}

// #region to-json-line
function toJsonLine(line: object): string {
  return `${escapeUnsafe(JSON.stringify(line))}\n`;
}

/** Escapes what JSON leaves as it is and a terminal or a browser would obey: DEL and C1 controls, line separators, bidirectional marks. */
export function escapeUnsafe(json: string): string {
  return json.replace(
    /[\u007f-\u009f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
// #endregion to-json-line
