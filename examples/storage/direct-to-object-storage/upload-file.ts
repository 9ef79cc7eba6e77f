/** What the server says of an upload; the URLs are signed and go to the store. */
export type UploadState = {
  size: number;
  sent: number;
  received: boolean;
  missing: {
    number: number;
    start: number;
    size: number;
    url: string;
  }[];
};

/** How it speaks to the server and to the user. */
export type UploadOptions = {
  /** Undefined while the server cannot be reached. */
  describe: () => Promise<UploadState | undefined>;
  confirm: () => Promise<void>;
  onProgress: (sent: number, size: number) => void;
  parallel?: number;
  /** Waits after so many rounds in which nothing arrived. */
  pause?: (failedRounds: number) => Promise<void>;
};

const MOST_FAILED_ROUNDS = 8;

// #region upload-file
/** Sends what is missing: first try, retry and resume are one. */
export async function uploadFile(file: Blob, options: UploadOptions) {
  const { describe, confirm, pause = waitLonger } = options;
  for (let failed = 0; failed < MOST_FAILED_ROUNDS; ) {
    const state = await describe();
    if (state?.missing.length === 0) return await confirm();
    const arrived = state ? await sendParts(file, state, options) : 0;
    failed = arrived > 0 ? 0 : failed + 1;
    if (arrived !== state?.missing.length) await pause(failed);
  }
  throw new Error('Nothing arrives any more');
}
// #endregion upload-file

/** A part that fails is left for the next round. */
async function sendParts(
  file: Blob,
  { missing, sent, size }: UploadState,
  { onProgress, parallel = 3 }: UploadOptions,
): Promise<number> {
  const queue = missing.values();
  let arrived = 0;
  onProgress(sent, size);
  async function work() {
    for (const part of queue) {
      const body = file.slice(part.start, part.start + part.size);
      if (!(await put(part.url, body))) continue;
      arrived += 1;
      sent += part.size;
      onProgress(sent, size);
    }
  }
  await Promise.all(Array.from({ length: parallel }, work));
  return arrived;
}

async function put(url: string, body: Blob): Promise<boolean> {
  const answer = fetch(url, { method: 'PUT', body });
  return answer.then(
    ({ ok }) => ok, // 403: the URL is too old, the next one is not
    () => false,
  );
}

/** Twice as long each time, up to 30 seconds, and never all at once. */
function waitLonger(failedRounds: number): Promise<void> {
  const most = Math.min(30_000, 500 * 2 ** failedRounds);
  const milliseconds = most * (0.5 + Math.random() / 2);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
