import { randomUUID } from 'node:crypto';
import { createGuest, putPart } from './test-client.ts';

/** One way to get a file into the store. */
export type Way = (url: string) => Promise<Send>;

type Send = (file: Blob) => Promise<void>;

/** This pattern, with the code of its web page. */
export const sendDirectly: Way = async (url) => {
  const ada = await createGuest(url, 'ada');
  return async (file) => void (await ada.upload(file));
};

/** One signed URL for all of the file, and a confirmation that is believed. */
export const sendInOnePiece: Way = async (url) => async (file) => {
  const name = randomUUID();
  const post = (path: string) =>
    fetch(`${url}/naive/${name}${path}`, { method: 'POST' });
  const signed = await (await post('')).json();
  expectOk(await putPart(signed.url, file));
  expectOk(await post(`/confirmation?size=${file.size}`));
};

/** Through the API, which streams it on with @aws-sdk/lib-storage. */
export const sendThroughApi: Way = async (url) => async (file) => {
  const target = `${url}/through/${randomUUID()}`;
  expectOk(await fetch(target, { method: 'PUT', body: file }));
};

function expectOk(response: Response) {
  if (!response.ok) throw new Error(`the bench got ${response.status}`);
}
