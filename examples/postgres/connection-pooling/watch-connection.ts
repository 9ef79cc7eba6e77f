import { Socket } from 'node:net';
import type { PoolClient } from 'pg';

// #region spoiling
/** After these, the next statement on the same connection fails alike. */
const SPOILING = new Set([
  '25006', // the server is read-only: the primary is another one by now
  '0A000', // a named statement was planned before a migration
  '26000', // a named statement is gone
]);
// #endregion spoiling

// #region fall-silent
/** Calls `onSilence` when Postgres owes an answer and sends nothing. */
export function watchConnection(
  { connection }: PoolClient,
  silence: { afterMs: number; onSilence: () => void },
) {
  const socket = toSocket(connection.stream);
  let answered = socket.bytesWritten;
  const watched = {
    socket,
    /** Postgres has sent an error, and will be ready after it. */
    isFailing: false,
    isSpoilt: false,
    isUnanswered: () => socket.bytesWritten !== answered,
  };

  // Before pg's own listeners: they release the client, or send more.
  connection.prependListener('readyForQuery', () => {
    answered = socket.bytesWritten;
    watched.isFailing = false;
  });
  connection.prependListener('errorMessage', ({ code }) => {
    watched.isFailing = true;
    watched.isSpoilt ||= SPOILING.has(code);
  });
  socket.setTimeout(silence.afterMs, () => {
    const { bytesRead } = socket;
    // A process that was stopped reads its answers first.
    setImmediate(() => {
      if (watched.isUnanswered() && socket.bytesRead === bytesRead)
        silence.onSilence();
    });
  });
  return watched;
}
// #endregion fall-silent

function toSocket(stream: object): Socket {
  if (stream instanceof Socket) return stream;
  throw new TypeError('a pool needs connections over sockets');
}
