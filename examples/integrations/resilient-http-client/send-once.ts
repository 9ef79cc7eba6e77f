import type { Dispatcher } from 'undici';
import {
  describeFault,
  type Fault,
  type FaultCode,
} from './http-client-error.ts';

/** An answer with its whole body, decompressed. */
export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
};

type Attempt = {
  /** Its reason, when it aborts, is a `FaultCode`. */
  signal: AbortSignal;
  limitMs: number;
  /** undici holds nothing of the request any more. */
  onReleased: () => void;
};

// #region send-once
/** One attempt; ends at its limit wherever it is, and never rejects. */
export function sendOnce(
  dispatch: Dispatcher.Dispatch,
  request: Dispatcher.DispatchOptions,
  { signal, limitMs, onReleased }: Attempt,
): Promise<Answer | Fault> {
  return new Promise((resolve) => {
    const head = { status: 0, headers: {} };
    let body = Buffer.alloc(0);
    let length = 0;
    let running: Dispatcher.DispatchController | undefined;
    let stopped = false;

    const timer = setTimeout(stop, limitMs, 'attempt_timeout');
    signal.addEventListener('abort', () => stop(signal.reason));
    function stop(code: FaultCode) {
      stopped = true; // undici would first wait for a connection
      end({ code, sent: running !== undefined, detail: 'stopped' });
      running?.abort(new Error(code));
    }
    function end(result: Answer | Fault) {
      clearTimeout(timer);
      resolve(result);
    }

    dispatch(request, {
      onRequestStart(controller) {
        // Thrown, it leaves the connection to the next in the
        // queue; `controller.abort` would close it.
        if (stopped) throw new Error('stopped');
        running = controller;
      },
      onResponseStart: (_, status, headers) =>
        void Object.assign(head, { status, headers }),
      onResponseData(_, chunk) {
        // Copied: a list of chunks of one byte would take a hundred
        // times their size.
        const needed = length + chunk.length;
        if (needed > body.length)
          body = Buffer.concat([body], 2 * needed);
        length += chunk.copy(body, length);
      },
      onResponseEnd() {
        onReleased();
        end({ ...head, body: body.subarray(0, length) });
      },
      onResponseError(_, error) {
        onReleased();
        end(describeFault(error, running !== undefined));
      },
    });
  });
}
// #endregion send-once
