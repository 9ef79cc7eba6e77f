import { readLogContext } from './log-context.ts';
import { type LogOutput, openLogOutput } from './log-output.ts';
import { createToLoggable } from './to-loggable.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much a line matters; a log writes its own level and those after it. */
export type LogLevel = (typeof LEVELS)[number];

/** One JSON line a call; `level` may be changed at any time. */
export type Log = Record<
  LogLevel,
  (message: string, details?: object) => void
> & { level: LogLevel };

/** Where a log writes, from which level on, and how much. */
export type LogOptions = {
  output?: Pick<LogOutput, 'write'>;
  level?: LogLevel;
  clock?: () => Date;
  toLoggable?: (value: unknown) => unknown;
  /** Docker splits a longer line into two that are not JSON. */
  maxLineBytes?: number;
};

/** Creates a log; an unknown level throws, and nothing that is logged does. */
export function createLog(options: LogOptions = {}): Log {
  const { output = openLogOutput(), clock = () => new Date() } =
    options;
  const { toLoggable = createToLoggable() } = options;
  const { maxLineBytes = 16_384 } = options;
  const toSmall = createToLoggable({ maxBytes: 1024 });
  let level = checkLevel(options.level ?? 'info');

  // #region format
  function format(of: LogLevel, message: string, details?: object) {
    // Fields are below keys of their own: none can be taken for `level`.
    const line = {
      time: clock().toISOString(),
      level: of,
      message: toLoggable(message),
      context: toSmall(readLogContext()),
      details: details && toLoggable(details),
    };
    const text = toJsonLine(line);
    const bytes = Buffer.byteLength(text);
    if (bytes <= maxLineBytes) return text;
    const short = {
      message: toSmall(message),
      details: { cut: bytes },
    };
    return toJsonLine({ ...line, ...short });
  }
  // #endregion format

  const write =
    (of: LogLevel) => (message: string, details?: object) => {
      if (LEVELS.indexOf(of) < LEVELS.indexOf(level)) return;
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
  if (LEVELS.includes(name)) return name;
  const all = LEVELS.join(', ');
  throw new TypeError(`there is no log level "${name}": use ${all}`);
}

// #region to-json-line
/** One line of JSON; what a terminal or a browser would obey is escaped. */
export function toJsonLine(line: object): string {
  return `${escapeUnsafe(JSON.stringify(line))}\n`;
}

/** Escapes what JSON leaves as it is: DEL and C1 controls, U+2028, U+2029, bidi marks. */
export function escapeUnsafe(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
// #endregion to-json-line
