import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { type ObjectStore, startObjectStore } from './object-store.ts';

const PLACE = { Bucket: 'kit', Key: 'a & b/c' };

it('takes an object in parts, and lists the parts until they are one', async () => {
  await using store = await startObjectStore({});
  const client = await connect(store);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(PLACE));
  const upload = { ...PLACE, UploadId };
  const sent = await client.send(
    new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'hello' }),
  );

  // A browser asks first, and that changes nothing.
  const place = `${store.endpoint}/kit/${encodeURIComponent(PLACE.Key)}?uploadId=${UploadId}`;
  await fetch(place, { method: 'OPTIONS' });

  const { Parts } = await client.send(new ListPartsCommand(upload));
  expect(Parts).toEqual([{ PartNumber: 1, ETag: sent.ETag, Size: 5 }]);

  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  await expect(client.send(new ListPartsCommand(upload))).rejects.toThrow(
    expect.objectContaining({ name: 'NoSuchUpload' }),
  );
  const read = new GetObjectCommand({ ...PLACE, ResponseContentDisposition: 'attachment' });
  const { Body, ContentDisposition } = await client.send(read);
  expect(await Body?.transformToString()).toBe('hello');
  expect(ContentDisposition).toBe('attachment');
});

it('lists the uploads of a bucket that were begun and never completed', async () => {
  await using store = await startObjectStore({});
  const client = await connect(store);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(PLACE));
  const list = async () => {
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket: PLACE.Bucket }),
    );
    return Uploads.map(({ Key, UploadId }) => ({ Key, UploadId }));
  };

  expect(await list()).toEqual([{ Key: PLACE.Key, UploadId }]);

  await client.send(new AbortMultipartUploadCommand({ ...PLACE, UploadId }));
  expect(await list()).toEqual([]);
});

it('lets the page of another origin upload and read the ETag', async () => {
  await using store = await startObjectStore({});
  const url = `${store.endpoint}/kit/page`;
  await connect(store);
  const origin = 'http://localhost:3000';

  const asked = await fetch(url, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT' },
  });
  const sent = await fetch(url, { method: 'PUT', headers: { origin }, body: 'hello' });

  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-methods')).toContain('PUT');
  expect(sent.headers.get('access-control-allow-origin')).toBe('*');
  expect(sent.headers.get('access-control-expose-headers')).toBe('ETag');
});

it('is the store at S3_ENDPOINT when one is set, and then asks for its keys', async () => {
  const S3_ENDPOINT = 'https://s3.example.com';
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_REGION: 'eu-west-1' };

  expect(await startObjectStore({ S3_ENDPOINT, ...keys })).toMatchObject({
    endpoint: S3_ENDPOINT,
    region: 'eu-west-1',
    accessKeyId: 'id',
    secretAccessKey: 'key',
  });
  await expect(startObjectStore({ S3_ENDPOINT })).rejects.toThrow('AWS_SECRET_ACCESS_KEY');
});

async function connect(store: ObjectStore): Promise<S3Client> {
  const { endpoint, region, ...credentials } = store;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: PLACE.Bucket }));
  return client;
}
