import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** In the place of clamd, what clamd does only in trouble: it answers nonsense, or never. */
export async function startTroubledClamd(
  answer?: string,
  host = '127.0.0.1',
) {
  const heard = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    const chunks: Buffer[] = [];
    socket
      .on('error', () => {})
      .on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => heard.resolve(Buffer.concat(chunks)));
    if (answer !== undefined) socket.end(answer);
  }).listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const asked = once(server, 'connection');
  return { host, port, asked, heard: heard.promise };
}
