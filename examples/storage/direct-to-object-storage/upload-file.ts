/** What the API says of an upload; the URLs are signed and go to the store. */
export type UploadState = {
  size: number;
  sent: number;
  missing: {
    number: number;
    start: number;
    size: number;
    url: string;
  }[];
};

export type UploadOptions = {
  onProgress?: (sent: number, size: number) => void;
  /** Stops it; a later call goes on with what is missing. */
  signal?: AbortSignal;
  /** Calls the API, with a token in a header for instance. Default: fetch. */
  callApi?: (url: string, init: RequestInit) => Promise<Response>;
  /** How many parts are sent at once, until none arrives. Default: 3. */
  parallel?: number;
  /** How long a part may take. Default: 300. */
  partSeconds?: number;
  /** Waits before another try. Default: up to 30 seconds. */
  pause?: (failures: number, signal?: AbortSignal) => Promise<void>;
};

const MOST_FAILURES = 8;

// #region upload-file
/** Sends what is missing and confirms: first try, retry, resume. */
export async function uploadFile(
  file: Blob,
  url: string,
  options: UploadOptions = {},
): Promise<void> {
  const { signal, pause = waitLonger, parallel = 3 } = options;
  for (let failures = 0, most = -1; ; ) {
    const state = await ask<UploadState>('GET', url, options);
    // What the store lists counts, not what it answers to a PUT.
    failures = state && state.sent > most ? 0 : failures + 1;
    if (failures > MOST_FAILURES) throw new Error('Nothing arrives');
    if (failures > 0) await pause(failures, signal);
    if (!state) continue;
    if (state.size !== file.size) throw new Error('It is another file');
    most = state.sent;
    // Of parts that share a slow line, none may arrive in time.
    const lanes = failures > 0 ? 1 : parallel;
    if (state.missing.length > 0)
      await sendParts(file, state, { ...options, parallel: lanes });
    else if (await ask('POST', `${url}/confirmation`, options)) return;
  }
}
// #endregion upload-file

async function sendParts(
  file: Blob,
  { missing, sent, size }: UploadState,
  options: UploadOptions & { parallel: number },
): Promise<void> {
  const { onProgress, parallel, partSeconds = 300 } = options;
  const queue = missing.values();
  onProgress?.(sent, size);
  async function sendNext() {
    for (const part of queue) {
      const answer = await fetch(part.url, {
        method: 'PUT',
        body: file.slice(part.start, part.start + part.size),
        signal: limit(partSeconds, options.signal),
      }).catch(() => undefined);
      // It stays missing; an expired URL would fail for the rest too.
      if (!answer?.ok) return;
      sent += part.size;
      onProgress?.(sent, size);
    }
  }
  await Promise.all(Array.from({ length: parallel }, sendNext));
}

/** What the API answers; undefined when another try may help. */
async function ask<T>(
  method: string,
  url: string,
  { callApi = fetch, signal }: UploadOptions,
): Promise<T | undefined> {
  const init = { method, signal: limit(30, signal) };
  const answer = await callApi(url, init).catch(() => undefined);
  const body = await answer?.json().catch(() => undefined);
  signal?.throwIfAborted();
  if (!answer || !body || answer.ok) return body;
  const { status } = answer;
  // 409: the store has lost a part; the next round sends it again.
  if (status >= 500 || [408, 409, 429].includes(status)) return;
  throw new Error(`The upload was refused: ${body.code}`);
}

function limit(seconds: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(seconds * 1000);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Twice as long each time, up to 30 s, of which half is random. */
function waitLonger(failures: number, signal?: AbortSignal) {
  const ms = Math.min(30_000, 500 * 2 ** failures);
  return new Promise<void>((resolve) => {
    setTimeout(resolve, ms * (0.5 + Math.random() / 2));
    signal?.addEventListener('abort', () => resolve());
  });
}
