import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMultipartStore } from './multipart-store.ts';
import { hasValidSignature, type SignedRequest } from './test-sigv4.ts';

const file = new URL('sigv4-vectors.json', import.meta.url);
const vectors: {
  secret: string;
  cases: (SignedRequest & { name: string })[];
} = JSON.parse(readFileSync(file, 'utf8'));
const { secret } = vectors;
const place = { key: 'uploads/a b', storeId: 'c/d+e' };

const { signPart, signDownload } = createMultipartStore('films', {
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret },
});

it('Amazon’s test suite signs URLs as our verifier does', () => {
  for (const vector of vectors.cases)
    expect([vector.name, hasValidSignature(vector, secret)]).toEqual([
      vector.name,
      true,
    ]);
});

it('signs the URL of a part for its length, its number and its upload', async () => {
  const url = await signPart(place, { number: 2, size: 5 }, 900);
  const isValid = (target: string, size: number) =>
    hasValidSignature(toRequest('PUT', target, size), secret);

  expect(isValid(url, 5)).toBe(true);
  for (const size of [0, 4, 6]) expect(isValid(url, size)).toBe(false);
  for (const change of [
    url.replace('partNumber=2', 'partNumber=3'),
    url.replace('uploads/a', 'uploads/b'),
    url.replace('uploadId=c', 'uploadId=d'),
    url.replace('Expires=900', 'Expires=901'),
    url.replace('films.', 'books.'),
  ]) {
    expect(change).not.toBe(url);
    expect(isValid(change, 5)).toBe(false);
  }
});

it('signs how a download is saved, whatever its name is', async () => {
  const name = `(ü) '*!&=+?#.html`;
  const url = await signDownload('uploads/a', name, 60);
  const isValid = (target: string) =>
    hasValidSignature(toRequest('GET', target), secret);

  expect(isValid(url)).toBe(true);
  expect(isValid(url.replace('octet-stream', 'xml'))).toBe(false);
  expect(isValid(url.replace('attachment', 'inline'))).toBe(false);
});

function toRequest(method: string, url: string, size?: number) {
  const { host, pathname, search } = new URL(url);
  const headers = [`Host:${host}`, `Content-Length:${size}`];
  return { method, target: pathname + search, headers };
}
