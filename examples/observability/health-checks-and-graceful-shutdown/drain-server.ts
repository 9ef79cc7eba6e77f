import { addAbortListener } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How often connections that have become idle are closed. */
const SWEEP_MS = 50;

/** A server that can be emptied; call it before the server listens. */
export function createDrain(server: Server) {
  const sockets = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  let leaving = false;

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  server.prependListener('request', (_request, response) => {
    answers.add(response);
    response.once('close', () => answers.delete(response));
    if (leaving) response.setHeader('connection', 'close');
  });

  /** From now on each answer asks its client to connect again, elsewhere. */
  function sayGoodbye() {
    leaving = true;
    for (const response of answers)
      if (!response.headersSent)
        response.setHeader('connection', 'close');
  }

  // #region close-connections
  /** Stops accepting and resolves when all are gone; an abort cuts. */
  async function close(signal: AbortSignal) {
    sayGoodbye();
    // Not server.close(): it cuts answers that are still being sent.
    NetServer.prototype.close.call(server);
    addAbortListener(signal, () => {
      // Not closeAllConnections: it leaves WebSockets open.
      for (const socket of sockets) socket.destroy();
    });
    while (sockets.size > 0) {
      // Node takes a connection for idle once its answer has an end.
      if (!isSending()) server.closeIdleConnections();
      await pause(SWEEP_MS);
    }
  }

  /** An answer has an end, and waits for its client to read it. */
  function isSending() {
    return [...answers].some(({ writableEnded }) => writableEnded);
  }
  // #endregion close-connections

  return { sayGoodbye, close };
}
