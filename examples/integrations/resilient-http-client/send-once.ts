import type { Dispatcher } from 'undici';

/** An answer with its whole body, decompressed. */
export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
};

/** Why there is no answer; `sent` says that the server may have acted. */
export type Fault = { code: string; sent: boolean; detail: string };

// #region send-once
/** One attempt; ends at its limit wherever it is, and never rejects. */
export function sendOnce(
  dispatch: Dispatcher.Dispatch,
  request: Dispatcher.DispatchOptions,
  { signal, limitMs }: { signal: AbortSignal; limitMs: number },
): Promise<Answer | Fault> {
  return new Promise((resolve) => {
    const head = { status: 0, headers: {} };
    const chunks: Buffer[] = [];
    let running: Dispatcher.DispatchController | undefined;
    let stopped: Error | undefined;

    const timer = setTimeout(
      () => stop(createStop('attempt_timeout')),
      limitMs,
    );
    const abort = () => stop(signal.reason);
    signal.addEventListener('abort', abort);
    function end(result: Answer | Fault) {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(result);
    }
    function fail(error: Error) {
      end(describeFault(error, running !== undefined));
    }
    function stop(reason: Error) {
      stopped = reason;
      fail(reason); // undici would first wait for a connection
      running?.abort(reason);
    }

    dispatch(request, {
      onRequestStart(controller) {
        // Thrown, it leaves the connection to the next in the
        // queue; `controller.abort` would close it.
        if (stopped) throw stopped;
        running = controller;
      },
      onResponseStart: (_, status, headers) =>
        void Object.assign(head, { status, headers }),
      onResponseData: (_, chunk) => void chunks.push(chunk),
      onResponseEnd: () =>
        end({ ...head, body: Buffer.concat(chunks) }),
      onResponseError: (_, error) => fail(error),
    });
  });
}
// #endregion send-once

/** A reason to stop; its code becomes that of the fault. */
export function createStop(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Faults that are not of the connection, by the code of their error. */
const FAULTS: Record<string, string> = {
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'answer_too_large',
};

/** What an error means for a request of which some may have been sent. */
export function describeFault(error: Error, sent: boolean): Fault {
  const known = 'code' in error && typeof error.code === 'string';
  const detail = known ? String(error.code) : error.name;
  return {
    code: FAULTS[detail] ?? chooseCode(detail, sent),
    sent,
    detail,
  };
}

function chooseCode(detail: string, sent: boolean): string {
  if (/^[a-z_]+$/.test(detail)) return detail; // one of ours
  if (!sent) return 'connection_failed';
  // ECONNRESET and others of the system, or undici's for a closed socket.
  const lost = /^(E[A-Z]+|UND_ERR_SOCKET)$/.test(detail);
  return lost ? 'connection_lost' : 'bad_answer';
}
