import type { ServerResponse } from 'node:http';

// #region begin-stream
const HEADERS = {
  'content-type': 'text/event-stream',
  // A cache or a compressor would hold events back.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no', // nginx must not collect them either
};

/** An id without data is not an event, but a place to resume from. */
export function beginStream(
  response: ServerResponse,
  retry: number,
  id: number,
): void {
  response.writeHead(200, HEADERS);
  response.write(`retry: ${retry}\nid: ${id}\n\n`);
}
// #endregion begin-stream

/** An EventSource gives up at a 503, and comes back when a stream ends. */
export function sendAway(
  response: ServerResponse,
  retry: number,
): void {
  if (response.writableEnded) return;
  if (!response.headersSent) response.writeHead(200, HEADERS);
  // Spread, so that not all readers come back at once.
  const spread = Math.round(retry * (0.5 + Math.random()));
  response.end(`retry: ${spread}\n\n`);
}
