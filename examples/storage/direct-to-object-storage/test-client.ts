import { createClient } from '@touchstone/kit/testing/client';
import {
  type UploadOptions,
  type UploadState,
  uploadFile,
} from './upload-file.ts';

type State = UploadState & { received: boolean };

/** A guest who uses the app over HTTP, as her browser does. */
export async function createGuest(url: string, name: string) {
  const body = { name };
  const login = await createClient(url)('POST', '/sessions', { body });
  const [cookie] = `${login.headers.get('set-cookie')}`.split(';');
  const headers = { cookie: `${cookie}` };
  const send = createClient(url, headers);

  async function begin(size: number, name = 'holiday.mp4') {
    const body = { name, size };
    const answer = await send('POST', '/uploads', { body });
    if (answer.status !== 201) throw new Error(`${answer.body.code}`);
    return `${answer.body.id}`;
  }

  async function describe(id: string) {
    return (await send<State>('GET', `/uploads/${id}`)).body;
  }

  const confirm = (id: string) =>
    send('POST', `/uploads/${id}/confirmation`);

  /** Goes on with an upload, with the code of the web page. */
  function goOn(id: string, file: Blob, options: UploadOptions = {}) {
    return uploadFile(file, `${url}/uploads/${id}`, {
      callApi: (path, init) => fetch(path, { ...init, headers }),
      pause: async () => {},
      ...options,
    });
  }

  /** All but the confirmation. */
  async function sendParts(id: string, file: Blob) {
    for (const part of (await describe(id)).missing)
      await putPart(
        part.url,
        file.slice(part.start, part.start + part.size),
      );
  }

  async function upload(file: Blob, name?: string) {
    const id = await begin(file.size, name);
    await goOn(id, file);
    return id;
  }

  /** The signed URL of the file. */
  async function findFile(id: string) {
    const path = `${url}/uploads/${id}/file`;
    const answer = await fetch(path, { headers, redirect: 'manual' });
    await answer.arrayBuffer();
    return `${answer.headers.get('location')}`;
  }

  /** The file, as the store sends it. */
  const download = async (id: string) => fetch(await findFile(id));

  return {
    headers,
    send,
    begin,
    describe,
    confirm,
    goOn,
    sendParts,
    upload,
    findFile,
    download,
  };
}

/** Sends one part to the store. */
export function putPart(url: string, body: BodyInit) {
  return fetch(url, { method: 'PUT', body });
}
