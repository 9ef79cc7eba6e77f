/** What the API answered. */
export type Answer = {
  status: number;
  retryAfter: string | null;
  body: Record<string, unknown>;
};

/** A versicolor, and a plain one. */
export const FLOWER = {
  sepalLength: 5.9,
  sepalWidth: 3,
  petalLength: 4.2,
  petalWidth: 1.5,
};

/** Speaks to the app over HTTP. */
export function createClient(url: string) {
  async function send(
    path: string,
    options: RequestInit = {},
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, options);
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: await response.json(),
    };
  }

  /** Sends the text as it is. */
  const predictText = (body: string, signal?: AbortSignal) =>
    send('/predictions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(signal && { signal }),
    });

  /** Predicts for the flower, with some features changed. */
  const predict = (change: object = {}, signal?: AbortSignal) =>
    predictText(JSON.stringify({ ...FLOWER, ...change }), signal);

  return { predict, predictText, model: () => send('/model') };
}
