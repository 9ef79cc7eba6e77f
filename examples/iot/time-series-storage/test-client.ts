/** What the API answered. */
export type Answer = { status: number; body: Record<string, unknown> };

/** A reading as JSON has it. */
export type SentReading = { sensor: string; at: string; value: number };

/** Speaks to the app over HTTP, as tests, demo and simulation do. */
export function createClient(url: string) {
  async function send(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  return {
    send,
    register: (name: string) => send('PUT', `/sensors/${name}`),
    post: (readings: SentReading[]) =>
      send('POST', '/readings', { readings }),
    latest: (name: string) => send('GET', `/sensors/${name}/latest`),
    history: (name: string, query: Record<string, string>) =>
      send(
        'GET',
        `/sensors/${name}/history?${new URLSearchParams(query)}`,
      ),
  };
}
