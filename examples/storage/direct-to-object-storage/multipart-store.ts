import {
  GetObjectCommand,
  type Part,
  S3,
  type S3ClientConfig,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { toAttachment } from './file-name.ts';

/** An upload as the store knows it. */
export type StoreUpload = { key: string; storeId: string };

export type MultipartStore = ReturnType<typeof createMultipartStore>;

/** A bucket behind the S3 protocol; without a config, region and credentials are what the SDK finds. */
export function createMultipartStore(
  Bucket: string,
  config: S3ClientConfig = {},
) {
  const s3 = new S3({
    // By default the SDK waits for ever for a store that is silent.
    // The wait for one of its 50 connections is in the first limit.
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: 10_000,
    },
    ...config,
    // By default each URL it signs has the checksum of an empty body,
    // and the store refuses any other body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

  async function begin(key: string): Promise<string> {
    const begun = await s3.createMultipartUpload({ Bucket, Key: key });
    return `${begun.UploadId}`;
  }

  // #region sign-part
  function signPart(
    upload: StoreUpload,
    { number, size }: { number: number; size: number },
    expiresIn: number,
  ): Promise<string> {
    const command = new UploadPartCommand({
      ...locate(upload),
      PartNumber: number,
      ContentLength: size, // signed too: any other length is refused
    });
    return getSignedUrl(s3, command, { expiresIn });
  }
  // #endregion sign-part

  /** The parts that have come; undefined when the store has no such upload, or no longer. */
  function listParts(upload: StoreUpload) {
    return unlessMissing('NoSuchUpload', async () => {
      const stored: Part[] = [];
      // Not paginateListParts: S3 gives a marker after the last page
      // too, and it would begin again without end.
      for (let marker: string | undefined, more = true; more; ) {
        const place = { ...locate(upload), PartNumberMarker: marker };
        const page = await s3.listParts(place);
        stored.push(...(page.Parts ?? []));
        more = page.IsTruncated ?? false;
        marker = page.NextPartNumberMarker;
      }
      return stored;
    });
  }

  /** Makes one object of the parts, unless that was done before. */
  async function complete(upload: StoreUpload, stored: Part[]) {
    const MultipartUpload = {
      Parts: stored.map(({ PartNumber, ETag }) => ({
        PartNumber,
        ETag,
      })),
    };
    const input = { ...locate(upload), MultipartUpload };
    await unlessMissing('NoSuchUpload', () =>
      s3.completeMultipartUpload(input),
    );
  }

  async function sizeOf(key: string): Promise<number | undefined> {
    const head = await unlessMissing('NotFound', () =>
      s3.headObject({ Bucket, Key: key }),
    );
    return head?.ContentLength;
  }

  // #region sign-download
  function signDownload(key: string, name: string, expiresIn: number) {
    const command = new GetObjectCommand({
      Bucket,
      Key: key,
      // Saved, never shown: HTML from a stranger runs nowhere.
      ResponseContentDisposition: toAttachment(name),
      ResponseContentType: 'application/octet-stream',
    });
    return getSignedUrl(s3, command, { expiresIn });
  }
  // #endregion sign-download

  /** Removes the uploads and the object of this key, and of no other. */
  async function remove(key: string): Promise<void> {
    const input = { Bucket, Prefix: key };
    const { Uploads = [] } = await s3.listMultipartUploads(input);
    for (const { Key, UploadId } of Uploads)
      if (Key === key)
        await unlessMissing('NoSuchUpload', () =>
          s3.abortMultipartUpload({ Bucket, Key, UploadId }),
        );
    await s3.deleteObject({ Bucket, Key: key });
  }

  function locate({ key, storeId }: StoreUpload) {
    return { Bucket, Key: key, UploadId: storeId };
  }

  return {
    s3,
    begin,
    signPart,
    listParts,
    complete,
    sizeOf,
    signDownload,
    remove,
  };
}

/** What the call returns, or undefined when the store answers with this code. */
async function unlessMissing<T>(
  code: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === code)
      return undefined;
    throw error;
  }
}
