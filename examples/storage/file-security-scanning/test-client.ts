import { createClient } from '@touchstone/kit/testing/client';

/** Talks to the app over HTTP, as tests and demo do. */
export function createFileClient(url: string) {
  const send = createClient(url);

  async function post(
    body: Uint8Array | string,
    type: string,
    name = 'photo.png',
  ) {
    const query = new URLSearchParams({ name });
    const response = await fetch(`${url}/files?${query}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from(body),
    });
    const { status, headers } = response;
    return { status, headers, body: await response.json() };
  }

  async function upload(
    ...file: Parameters<typeof post>
  ): Promise<string> {
    const { status, body } = await post(...file);
    if (status !== 202)
      throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.id;
  }

  async function download(id: string) {
    const response = await fetch(`${url}/files/${id}/content`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const { status, headers } = response;
    return { status, headers, bytes };
  }

  const look = async (id: string) =>
    (await send('GET', `/files/${id}`)).body;
  return { send, post, upload, download, look };
}
