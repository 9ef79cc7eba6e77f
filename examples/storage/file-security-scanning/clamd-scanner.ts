import { connect } from 'node:net';

/** Where clamd listens, and how long one file may take. */
export type ClamdOptions = {
  host: string;
  port: number;
  /** Default: 60. */
  seconds?: number;
};

/** Makes a scanner that asks clamd; it throws whenever clamd does not say that a file is clean. */
export function createClamdScanner(options: ClamdOptions) {
  const { host, port, seconds = 60 } = options;

  /** The name of what was found, or undefined for a clean file. */
  return async function scan(
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.byteLength);
    const limit = AbortSignal.timeout(seconds * 1000);
    const either = AbortSignal.any([signal, limit]);
    const socket = connect({ host, port, signal: either });
    // One chunk, and one of no length, which is the end.
    socket.write('zINSTREAM\0');
    socket.write(size);
    socket.write(bytes);
    socket.write(Buffer.alloc(4));
    const answer = Buffer.concat(await socket.toArray()).toString();
    if (answer === 'stream: OK\0') return undefined;
    const found = /^stream: (.+) FOUND\0$/.exec(answer)?.[1];
    // No answer is not a clean file.
    if (!found) throw new Error(`clamd cannot tell: ${answer}`);
    return found;
  };
}
