import type { VersionName } from './app-version.ts';

/** What the API answered. */
export type Answer = {
  status: number;
  body: Record<string, string> & { done?: string[] };
};

/** Speaks to the app over HTTP, through one of its versions. */
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
    create: (version: VersionName, user: object) =>
      send('POST', `/${version}/users`, user),
    find: (version: VersionName, id: string | number) =>
      send('GET', `/${version}/users/${id}`),
    rename: (version: VersionName, id: string | number, user: object) =>
      send('PUT', `/${version}/users/${id}`, user),
    run: (...running: VersionName[]) =>
      send('PUT', '/versions', { running }),
    moveTo: (target: string) => send('POST', '/migrations', { target }),
  };
}
