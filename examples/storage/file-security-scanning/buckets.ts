import type { Readable } from 'node:stream';
import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** A bucket of an object store, as far as this pattern needs one. */
export type Bucket = ReturnType<typeof createBucket>;

/** The two buckets, made when they are missing; only one of them is ever served from. */
export async function openBuckets(
  client: S3Client,
  names: BucketNames,
) {
  for (const name of Object.values(names))
    await makeBucket(client, name);
  return {
    quarantine: createBucket(client, names.quarantine),
    published: createBucket(client, names.published),
  };
}

type BucketNames = { quarantine: string; published: string };

async function makeBucket(client: S3Client, name: string) {
  try {
    await client.send(new CreateBucketCommand({ Bucket: name }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
}

/** Speaks to one bucket over S3. */
function createBucket(client: S3Client, name: string) {
  /** All of it or nothing, and never more than a part in memory. */
  async function write(key: string, body: Readable | Uint8Array) {
    const object = { Bucket: name, Key: key, Body: body };
    await new Upload({ client, params: object, queueSize: 1 }).done();
  }

  /** The object as a stream; undefined when it is not there. */
  async function open(key: string): Promise<Readable | undefined> {
    try {
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket: name, Key: key }),
      );
      return Body as Readable;
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async function read(key: string): Promise<Uint8Array | undefined> {
    const stream = await open(key);
    return stream && Buffer.concat(await stream.toArray());
  }

  async function remove(key: string) {
    await client.send(
      new DeleteObjectCommand({ Bucket: name, Key: key }),
    );
  }

  return { write, open, read, remove };
}
