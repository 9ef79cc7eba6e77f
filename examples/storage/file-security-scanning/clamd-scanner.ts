import { connect } from 'node:net';

/** Makes a scanner that asks clamd; it throws whenever clamd does not say that a file is clean. */
export function createClamdScanner(clamd: {
  host: string;
  port: number;
}) {
  const { host, port } = clamd;

  /** The name of what was found, or undefined for a clean file; the signal is its only limit. */
  return async function scan(
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.byteLength);
    const socket = connect({ host, port, signal });
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
