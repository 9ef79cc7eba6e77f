import { createHttpClient } from './http-client.ts';

// #region wire
/** One client for each upstream: a slow one slows no other. */
export function createClients() {
  const payments = createHttpClient({
    allowAddress: () => true, // we chose this upstream ourselves
    deadlineMs: 4000,
    attemptMs: 1500,
  });
  // URLs of users: public addresses only, small answers.
  const previews = createHttpClient({
    deadlineMs: 3000,
    maxBytes: 262_144,
    maxCalls: 20,
  });
  // After SIGTERM, when the server has answered its requests.
  const close = () => Promise.all([payments.close(), previews.close()]);
  return { payments, previews, close };
}
// #endregion wire
