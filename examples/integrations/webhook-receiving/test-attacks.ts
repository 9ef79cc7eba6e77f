import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';

/** Sends so many times 64 kB and never ends; resolves with the answer, and how much was sent by then. */
export function sendPieces(
  url: string,
  headers: Record<string, string>,
  pieces: number,
) {
  const sent = request(url, { method: 'POST', headers });
  const { promise, resolve } = Promise.withResolvers<{
    bytesSent: number;
    status?: number | undefined;
    connection?: string | undefined;
  }>();
  const bytesSent = () => sent.socket?.bytesWritten ?? 0;
  sent.on('response', ({ statusCode: status, headers }) => {
    const { connection } = headers;
    resolve({ bytesSent: bytesSent(), status, connection });
    sent.destroy();
  });
  // A sender that goes on may be cut off before it reads the answer.
  sent.on('error', () => resolve({ bytesSent: bytesSent() }));

  async function pump() {
    sent.flushHeaders();
    for (let piece = 0; piece < pieces && !sent.destroyed; piece++)
      if (!sent.write(Buffer.alloc(64 * 1024)))
        await once(sent, 'drain');
  }
  pump().catch(() => {}); // the error event reports it
  return promise;
}

/** Announces a body and sends one byte, or one again and again; `ended` has what came back. */
export function drip(url: string, everyMs?: number) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(
    'POST /webhooks/acme HTTP/1.1\r\nhost: a\r\ncontent-length: 9000\r\n\r\nx',
  );
  const timer =
    everyMs && setInterval(() => socket.write('x'), everyMs);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  // A sender that goes on may be cut off before it reads the answer.
  socket.on('error', () => {});
  // Not once(): it would fail with the error.
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => {
      clearInterval(timer);
      resolve(text);
    });
  });
  return { socket, started: once(socket, 'connect'), ended };
}
