import { writeSync } from 'node:fs';

/** Where lines go. It blocks only at the end, and only for a limited time. */
export type LogOutput = {
  /** Writes at once what fits; keeps the rest, up to `maxBytes`. */
  write: (line: string) => void;
  /** Tries to write what is kept, for so long at most. */
  flush: (milliseconds: number) => void;
  /** How many lines were dropped, for a metric. */
  countDropped: () => number;
};

/** What an output is bounded by. */
export type LogOutputOptions = {
  /** 1, or a descriptor that was opened with O_NONBLOCK. */
  fd?: number;
  /** Bytes kept while the reader does not read. */
  maxBytes?: number;
  /** How long the end of the process may wait for the reader. */
  exitMilliseconds?: number;
};

const RETRY_MILLISECONDS = 20;

/** Opens an output that neither waits for a slow reader nor grows without bound. */
export function openLogOutput(
  options: LogOutputOptions = {},
): LogOutput {
  const { fd = 1, maxBytes = 4 * 1024 * 1024 } = options;
  const { exitMilliseconds = 500 } = options;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let missing = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;

  // libuv sets O_NONBLOCK on a pipe as soon as Node has a stream of
  // it: writing into a full one then answers EAGAIN, and never waits.
  process.stdout.writable;
  process.on('exit', () => flush(exitMilliseconds));

  // #region write
  function write(line: string) {
    const bytes = Buffer.from(line);
    // Once lines are missing, all are until half of the room is free:
    // one gap that the log tells of, not a thousand.
    if (missing > 0 || keptBytes + bytes.length > maxBytes) {
      missing += 1;
      dropped += 1;
    } else keep(bytes);
    if (!retry) drain();
  }

  function drain(): unknown {
    retry = undefined;
    try {
      for (tellLoss(); kept.length > 0; tellLoss()) writeKept();
      return undefined;
    } catch (error) {
      // EAGAIN: the reader is slow. EPIPE: it is gone. ENOSPC: the
      // disk is full. None is a reason to stop the application.
      retry = setTimeout(drain, RETRY_MILLISECONDS).unref();
      return error;
    }
  }

  function writeKept() {
    const bytes = Buffer.concat(kept);
    const written = writeSync(fd, bytes);
    kept = [];
    keptBytes = 0;
    if (written < bytes.length) keep(bytes.subarray(written));
  }
  // #endregion write

  function keep(bytes: Buffer) {
    kept.push(bytes);
    keptBytes += bytes.length;
  }

  function tellLoss() {
    if (missing === 0 || keptBytes > maxBytes / 2) return;
    keep(Buffer.from(describeLoss(missing)));
    missing = 0;
  }

  // #region flush
  function flush(milliseconds: number) {
    const end = performance.now() + milliseconds;
    while (kept.length > 0) {
      clearTimeout(retry);
      const error = drain();
      if (!isBusy(error) || performance.now() >= end) return;
      Atomics.wait(sleeper, 0, 0, 5);
    }
  }
  // #endregion flush

  return { write, flush, countDropped: () => dropped };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === 'EAGAIN'
  );
}

function describeLoss(dropped: number): string {
  const line = {
    time: new Date(),
    level: 'warn',
    message: 'log lines were dropped',
    details: { dropped },
  };
  return `${JSON.stringify(line)}\n`;
}
