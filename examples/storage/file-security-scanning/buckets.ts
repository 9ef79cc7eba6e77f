import { Readable } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** A bucket of an object store, as far as this pattern needs one. */
export type Bucket = ReturnType<typeof createBucket>;

/** One bucket over S3; give the client time limits. */
export function createBucket(client: S3, name: string) {
  const locate = (key: string) => ({ Bucket: name, Key: key });

  /** All of it or nothing, and never more than a part in memory. */
  async function write(key: string, body: Readable | Uint8Array) {
    const params = { ...locate(key), Body: body };
    await new Upload({ client, params, queueSize: 1 }).done();
  }

  async function open(key: string): Promise<Readable> {
    const { Body } = await client.getObject(locate(key));
    if (Body instanceof Readable) return Body;
    throw new TypeError('The store sent no stream');
  }

  async function read(key: string): Promise<Uint8Array> {
    const stream = await open(key);
    return Buffer.concat(await stream.toArray());
  }

  async function remove(key: string) {
    await client.deleteObject(locate(key));
  }

  return { write, open, read, remove };
}
