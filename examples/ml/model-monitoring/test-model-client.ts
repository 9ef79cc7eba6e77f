import { createClient } from '@touchstone/kit/testing/client';

/** Asks the app for predictions, and tells it truths. */
export function createModelClient(url: string) {
  const send = createClient(url);
  return {
    send,
    predict: (body: unknown) => send('POST', '/predictions', { body }),
    tell: (id: string | undefined, label: string) =>
      send('POST', '/truths', { body: { id, label } }),
    readMetrics: async () => (await fetch(`${url}/metrics`)).text(),
  };
}
