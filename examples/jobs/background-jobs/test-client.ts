/** What the API answered. */
export type Answer = { status: number; body: Record<string, unknown> };

/** Speaks to the app over HTTP, as tests and demo do. */
export function createClient(url: string) {
  async function send(
    method: string,
    path: string,
    body?: object,
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
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
    placeOrder: () =>
      send('POST', '/orders', { customer: 'Ada', cents: 4200 }),
    findOrder: (id: unknown) => send('GET', `/orders/${id}`),
  };
}
