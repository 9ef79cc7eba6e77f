import { writeSync } from 'node:fs';

/** Where lines go. It blocks only at the end, and only for a limited time. */
export type LogOutput = {
  /** Writes at once what fits; keeps the rest, up to a limit. */
  write: (line: string) => void;
  /** Tries to write what is kept, for so long at most. */
  flush: (milliseconds: number) => void;
  /** How many lines were dropped, for a metric. */
  countDropped: () => number;
};

const RETRY_MILLISECONDS = 5;
const EXIT_MILLISECONDS = 500;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let stdout: LogOutput | undefined;

/** Opens stdout, once for all logs of the process: the lines of two outputs would mix. */
export function openStdout(): LogOutput {
  // libuv sets O_NONBLOCK on a pipe as soon as Node has a stream of
  // it: writing into a full one then answers EAGAIN, and never waits.
  process.stdout.writable;
  stdout ??= openLogOutput(1);
  return stdout;
}

/** Opens an output that neither waits for a slow reader nor grows without bound; the descriptor must not block. */
export function openLogOutput(
  fd: number,
  maxBytes = 4 * 1024 * 1024,
): LogOutput {
  let kept = '';
  let chunk = Buffer.alloc(0);
  let waitingBytes = 0;
  let missing = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;
  process.on('exit', () => flush(EXIT_MILLISECONDS));

  // #region write
  function write(line: string) {
    const most = maxBytes - Buffer.byteLength(line);
    if (missing === 0 && waitingBytes > most) drain();
    // Once lines are missing, all are until half of the room is free:
    // one gap that the log reports, not a thousand.
    if (missing > 0 || waitingBytes > most) {
      missing += 1;
      dropped += 1;
    } else keep(line);
    if (!retry) drain();
  }

  function drain() {
    try {
      for (tellLoss(); waitingBytes > 0; tellLoss()) writeKept();
    } catch {
      // EAGAIN: the reader is slow. EPIPE: it is gone. ENOSPC: the
      // disk is full. None is a reason to stop the application.
      if (!retry)
        retry = setTimeout(retryLater, RETRY_MILLISECONDS).unref();
    }
  }

  function retryLater() {
    retry = undefined;
    drain();
  }

  function writeKept() {
    if (chunk.length === 0) {
      chunk = Buffer.from(kept);
      kept = '';
    }
    const written = writeSync(fd, chunk);
    chunk = chunk.subarray(written);
    waitingBytes -= written;
  }
  // #endregion write

  function keep(line: string) {
    kept += line;
    waitingBytes += Buffer.byteLength(line);
  }

  function tellLoss() {
    if (missing === 0 || waitingBytes > maxBytes / 2) return;
    keep(describeLoss(missing));
    missing = 0;
  }

  // #region flush
  function flush(milliseconds: number) {
    const end = performance.now() + milliseconds;
    for (drain(); waitingBytes > 0; drain()) {
      if (performance.now() >= end) return;
      Atomics.wait(sleeper, 0, 0, RETRY_MILLISECONDS);
    }
  }
  // #endregion flush

  return { write, flush, countDropped: () => dropped };
}

function describeLoss(dropped: number): string {
  const line = {
    time: new Date(),
    level: 'warn',
    message: 'log lines were dropped',
    context: {},
    details: { dropped },
  };
  return `${JSON.stringify(line)}\n`;
}
