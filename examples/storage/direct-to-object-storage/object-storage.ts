import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { ObjectStore } from '@touchstone/kit/object-storage/object-store';
import type { MultipartStore } from './multipart-store.ts';

/** How the SDK reaches a store of the kit. */
export function toS3Config(objectStore: ObjectStore): S3ClientConfig {
  const { endpoint, region, ...credentials } = objectStore;
  // Amazon puts the bucket into the host name; local stores do not.
  return { endpoint, region, credentials, forcePathStyle: true };
}

/** Makes the bucket; that it is there already is not an error. */
export async function ensureBucket(
  { s3 }: MultipartStore,
  bucket: string,
) {
  await s3.createBucket({ Bucket: bucket }).catch((error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
  });
}
