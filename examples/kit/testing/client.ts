/** What an API answered; `body` is its JSON, or `{}` when the answer is empty. */
export type Answer<Body = Record<string, string>> = {
  status: number;
  headers: Headers;
  body: Body;
};

type HeaderLines = Record<string, string>;

/** Sends a request; a body goes as JSON. */
export type Send = <Body = Record<string, string>>(
  method: string,
  path: string,
  options?: { body?: unknown; headers?: HeaderLines },
) => Promise<Answer<Body>>;

/** Speaks JSON to an API; the headers go with each request. */
export function createClient(url: string, common: HeaderLines = {}): Send {
  return async function send(method, path, { body, headers } = {}) {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const type: HeaderLines = json === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers: { ...type, ...common, ...headers },
      ...(json !== undefined && { body: json }),
    });
    const text = await response.text();
    const answered = text === '' ? {} : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: answered };
  };
}
