import type { ServerResponse } from 'node:http';

// #region begin-stream
const HEADERS = {
  'content-type': 'text/event-stream',
  // Neither kept nor compressed: both would hold events back.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no', // nginx: pass on what comes
};

/** An id without data is no event, but a place to resume from. */
export function beginStream(
  response: ServerResponse,
  retry: number,
  id: number,
): void {
  response.writeHead(200, HEADERS);
  response.write(`retry: ${retry}\nid: ${id}\n\n`);
}
// #endregion begin-stream

// #region send-away
/** To an EventSource a 503 is the end, a stream that ends is not. */
export function sendAway(
  response: ServerResponse,
  retry: number,
): void {
  if (!response.headersSent) response.writeHead(200, HEADERS);
  // Not all in one instant, there or here.
  const spread = Math.round(retry * (0.5 + Math.random()));
  response.end(`retry: ${spread}\n\n`);
}
// #endregion send-away
