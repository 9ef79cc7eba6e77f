import type { Value } from './reference-profile.ts';

/** What the API answered. */
export type Answer = { status: number; body: Record<string, string> };

/** Speaks to the app over HTTP. */
export function createClient(url: string) {
  async function send(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  return {
    predict: (inputs: Record<string, Value>) =>
      send('/predictions', inputs),
    tell: (id: string | undefined, label: string) =>
      send('/truths', { id, label }),
    readMetrics: async () => (await fetch(`${url}/metrics`)).text(),
    send,
  };
}
