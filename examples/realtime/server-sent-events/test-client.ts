import { openStream } from './test-reader.ts';

/** What the API answered. */
export type Answer = { status: number; body: Record<string, unknown> };

/** Where to begin a stream, and at which process. */
export type StreamAt = {
  after?: number;
  lastEventId?: number;
  url?: string;
};

/** A guest of the app, who speaks to it over HTTP with a cookie. */
export async function createGuest(url: string, name: string) {
  const login = await fetch(`${url}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const cookie =
    `${login.headers.get('set-cookie')}`.split(';')[0] ?? '';

  async function send(
    method: string,
    path: string,
    body?: object,
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  function stream(topic: string, at: StreamAt = {}) {
    const query = at.after === undefined ? '' : `?after=${at.after}`;
    const place = `${at.url ?? url}/topics/${topic}/events${query}`;
    return openStream(place, {
      cookie,
      ...(at.lastEventId !== undefined && {
        'last-event-id': `${at.lastEventId}`,
      }),
    });
  }

  return {
    cookie,
    send,
    stream,
    createTopic: (topic: string) => send('PUT', `/topics/${topic}`),
    grant: (topic: string, reader: string) =>
      send('PUT', `/topics/${topic}/readers/${reader}`),
    revoke: (topic: string, reader: string) =>
      send('DELETE', `/topics/${topic}/readers/${reader}`),
    append: (topic: string, data: unknown, type = 'moved') =>
      send('POST', `/topics/${topic}/events`, { type, data }),
  };
}
