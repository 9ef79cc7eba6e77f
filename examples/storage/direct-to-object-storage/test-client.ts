import {
  type UploadOptions,
  type UploadState,
  uploadFile,
} from './upload-file.ts';

/** What the API answered. */
export type Answer = {
  status: number;
  body: Record<string, string>;
  location: string | null;
};

/** A guest who speaks to the app over HTTP, as her browser does. */
export async function createGuest(url: string, name: string) {
  const headers = { 'content-type': 'application/json' };
  const session = await fetch(`${url}/sessions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name }),
  });
  const cookie = `${session.headers.get('set-cookie')?.split(';')[0]}`;

  async function send(method: string, path: string, body?: object) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, ...(body && headers) },
      redirect: 'manual',
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') ? JSON.parse(text) : {},
      location: response.headers.get('location'),
    } satisfies Answer;
  }

  async function begin(size: number, name = 'holiday.mp4') {
    const { status, body } = await send('POST', '/uploads', {
      name,
      size,
    });
    if (status !== 201)
      throw new Error(`${status} ${JSON.stringify(body)}`);
    return `${body.id}`;
  }

  async function describe(id: string): Promise<UploadState> {
    const { body } = await send('GET', `/uploads/${id}`);
    return body;
  }

  const confirm = (id: string) =>
    send('POST', `/uploads/${id}/confirmation`);

  const askForFile = (id: string) => send('GET', `/uploads/${id}/file`);

  /** Goes on with an upload, with the code of the web page. */
  function goOn(
    id: string,
    file: Blob,
    options: Partial<UploadOptions> = {},
  ) {
    return uploadFile(file, {
      describe: () => describe(id),
      confirm: async () => {
        const { status, body } = await confirm(id);
        if (status !== 204) throw new Error(`${body.code}`);
      },
      onProgress: () => {},
      pause: async () => {},
      ...options,
    });
  }

  /** All but the confirmation. */
  const sendParts = (id: string, file: Blob) =>
    goOn(id, file, { confirm: async () => {} });

  async function upload(file: Blob, name?: string) {
    const id = await begin(file.size, name);
    await goOn(id, file);
    return id;
  }

  /** What the file is, as the store sends it. */
  async function download(id: string) {
    const { location } = await askForFile(id);
    return await fetch(`${location}`);
  }

  return {
    name,
    send,
    begin,
    describe,
    confirm,
    goOn,
    sendParts,
    upload,
    askForFile,
    download,
  };
}

/** Sends one part to the store. */
export function putPart(url: string, body: BodyInit) {
  return fetch(url, { method: 'PUT', body });
}
