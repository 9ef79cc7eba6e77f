/** What the API answered. */
export type Answer = {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
};

type SendOptions = { type: string; name?: string };

/** Speaks to the app over HTTP, as tests and demo do. */
export function createClient(url: string) {
  async function send(path: string, init?: RequestInit) {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const body: Answer['body'] = text ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, body };
  }

  function post(
    body: Uint8Array | string,
    { type, name = 'photo.png' }: SendOptions,
  ): Promise<Answer> {
    return send(`/files?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from(body),
    });
  }

  async function upload(
    ...[body, options]: Parameters<typeof post>
  ): Promise<string> {
    const answer = await post(body, options);
    if (answer.status !== 202)
      throw new Error(
        `${answer.status} ${JSON.stringify(answer.body)}`,
      );
    return `${answer.body.id}`;
  }

  async function download(id: string) {
    const response = await fetch(`${url}/files/${id}/content`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const { status, headers } = response;
    return { status, headers, bytes };
  }

  const look = async (id: string) => (await send(`/files/${id}`)).body;
  return { send, post, upload, download, look };
}
