import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** In the place of clamd, what clamd does only in trouble: it answers nonsense, or never. */
export async function startTroubledClamd(answer?: string) {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    if (answer !== undefined) socket.end(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const asked = once(server, 'connection');
  return { host: '127.0.0.1', port, asked };
}
