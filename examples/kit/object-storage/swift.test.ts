import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { expect, it } from 'vitest';
import { startSwift } from './swift.ts';

const BUCKET = 'kit-swift';
const PLACE = { Bucket: BUCKET, Key: 'greeting' };

it('stores what a presigned URL allows, and refuses a forged, a stale and a too long request', async () => {
  await using store = await startSwift();
  const { endpoint, region, ...credentials } = store;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(PLACE));
  const part = { ...PLACE, UploadId, PartNumber: 1, ContentLength: 5 };
  const put = (url: string, body: string) => fetch(url, { method: 'PUT', body });
  const url = await getSignedUrl(client, new UploadPartCommand(part));

  expect((await put(url.replace('greeting', 'greetings'), 'hello')).status).toBe(403);
  expect((await put(url, 'hello, longer')).status).toBe(403);
  const sent = await put(url, 'hello');
  expect(sent.status).toBe(200);

  const Parts = [{ PartNumber: 1, ETag: `${sent.headers.get('etag')}` }];
  const complete = { ...PLACE, UploadId, MultipartUpload: { Parts } };
  await client.send(new CompleteMultipartUploadCommand(complete));
  const read = new GetObjectCommand(PLACE);
  const signingDate = new Date(Date.now() - 61_000);
  const stale = await getSignedUrl(client, read, { expiresIn: 60, signingDate });
  expect(await (await fetch(stale)).text()).toContain('Request has expired');
  const fresh = await getSignedUrl(client, read, { expiresIn: 60 });
  expect(await (await fetch(fresh)).text()).toBe('hello');
});

it('ends when it is disposed of', async () => {
  const { endpoint, [Symbol.asyncDispose]: dispose } = await startSwift();

  await dispose();

  await expect(fetch(endpoint)).rejects.toThrow('fetch failed');
});
