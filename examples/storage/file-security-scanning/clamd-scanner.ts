import { connect } from 'node:net';

/** Where clamd listens, and how long one file may take. */
export type ClamdOptions = {
  host: string;
  port: number;
  seconds?: number;
};

/** Makes a scanner that asks clamd; it throws whenever clamd does not say that a file is clean. */
export function createClamdScanner(options: ClamdOptions) {
  const { host, port, seconds = 30 } = options;

  /** The name of what was found, or undefined for a clean file. */
  async function scan(bytes: Uint8Array): Promise<string | undefined> {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.byteLength);
    const socket = connect({
      host,
      port,
      signal: AbortSignal.timeout(seconds * 1000),
    });
    // One chunk, and one of no length, which is the end.
    socket.write('zINSTREAM\0');
    socket.write(size);
    socket.write(bytes);
    socket.write(Buffer.alloc(4));
    const answer = Buffer.concat(await socket.toArray()).toString();
    if (answer === 'stream: OK\0') return undefined;
    const found = /^stream: (.+) FOUND\0$/.exec(answer)?.[1];
    // No answer is not a clean file, nor is "size limit exceeded".
    if (!found) throw new Error(`clamd cannot tell: ${answer}`);
    return found;
  }

  return scan;
}
