import {
  CreateBucketCommand,
  HeadBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3';

type StoreAddress = {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
};

/** A client whose signed URLs work for a body it has not seen. */
export function createS3Client(address: StoreAddress): S3Client {
  const { endpoint, region, ...credentials } = address;
  return new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    // Else each signed URL carries the CRC-32 of an empty body, and
    // Amazon refuses every other body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

/** Makes the bucket unless it is there. */
export async function ensureBucket(client: S3Client, bucket: string) {
  const command = { Bucket: bucket };
  try {
    await client.send(new HeadBucketCommand(command));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NotFound')
      throw error;
    await client.send(new CreateBucketCommand(command));
  }
}
