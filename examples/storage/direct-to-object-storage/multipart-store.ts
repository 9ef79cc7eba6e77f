import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type Part,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { toAttachment } from './attachment.ts';

/** An upload as the store knows it. */
export type StoreUpload = { key: string; storeId: string };

/** A part that the store has. */
export type StoredPart = { number: number; size: number; etag: string };

/** What the rest needs of an object store, in a few words. */
export type MultipartStore = ReturnType<typeof createMultipartStore>;

type MultipartStoreOptions = {
  client: S3Client;
  bucket: string;
  clock: () => Date;
  /** How many parts or uploads a list holds; S3 gives 1,000 at most. */
  pageSize?: number;
};

/** Speaks S3: begins, signs, lists, completes and removes uploads. */
export function createMultipartStore(options: MultipartStoreOptions) {
  const { client, bucket, clock, pageSize = 1000 } = options;
  const locate = ({ key, storeId }: StoreUpload) => ({
    Bucket: bucket,
    Key: key,
    UploadId: storeId,
  });

  async function begin(key: string): Promise<StoreUpload> {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }),
    );
    return { key, storeId: `${UploadId}` };
  }

  // #region sign-part
  function signPart(
    upload: StoreUpload,
    { number, size }: { number: number; size: number },
    seconds: number,
  ): Promise<string> {
    const command = new UploadPartCommand({
      ...locate(upload),
      PartNumber: number,
      ContentLength: size, // signed too: any other length is refused
    });
    return getSignedUrl(client, command, {
      expiresIn: seconds,
      signingDate: clock(),
    });
  }
  // #endregion sign-part

  /** The parts that have come; undefined when there is no such upload, any more or at all. */
  function listParts(upload: StoreUpload) {
    return unless(/^NoSuchUpload$/, async () => {
      const parts: StoredPart[] = [];
      // Not paginateListParts: it goes by the marker, which S3 gives
      // after the last page too, and begins anew for ever.
      for (let marker: string | undefined, more = true; more; ) {
        const page = await client.send(
          new ListPartsCommand({
            ...locate(upload),
            PartNumberMarker: marker,
            MaxParts: pageSize,
          }),
        );
        parts.push(...(page.Parts ?? []).map(toStoredPart));
        more = page.IsTruncated ?? false;
        marker = page.NextPartNumberMarker;
      }
      return parts;
    });
  }

  /** Makes one object of the parts; that it was done before is no error. */
  async function complete(upload: StoreUpload, parts: StoredPart[]) {
    const Parts = parts.map(({ number, etag }) => ({
      PartNumber: number,
      ETag: etag,
    }));
    const command = new CompleteMultipartUploadCommand({
      ...locate(upload),
      MultipartUpload: { Parts },
    });
    await unless(/^NoSuchUpload$/, () => client.send(command));
  }

  async function sizeOf(key: string): Promise<number | undefined> {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const head = await unless(/^NotFound$/, () => client.send(command));
    return head?.ContentLength;
  }

  // #region sign-download
  function signDownload(key: string, name: string, seconds: number) {
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      // Saved, never shown: HTML from a stranger runs nowhere.
      ResponseContentDisposition: toAttachment(name),
      ResponseContentType: 'application/octet-stream',
    });
    return getSignedUrl(client, command, {
      expiresIn: seconds,
      signingDate: clock(),
    });
  }
  // #endregion sign-download

  /** Removes whatever there is of it: parts, and the object too. */
  async function remove(upload: StoreUpload) {
    // Complete: Amazon knows it no more, Swift finds no such key.
    await unless(/^NoSuch(Upload|Key)$/, () =>
      client.send(new AbortMultipartUploadCommand(locate(upload))),
    );
    const { Bucket, Key } = locate(upload);
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  /** Uploads that were begun before this moment and are not complete, a page at a time. */
  async function* listBegunBefore(moment: Date) {
    let marker = {};
    for (let more = true; more; ) {
      const page = await client.send(
        new ListMultipartUploadsCommand({
          Bucket: bucket,
          MaxUploads: pageSize,
          ...marker,
        }),
      );
      yield (page.Uploads ?? [])
        .filter(({ Initiated }) => Initiated && Initiated < moment)
        .map(({ Key, UploadId }) => ({
          key: `${Key}`,
          storeId: `${UploadId}`,
        }));
      more = page.IsTruncated ?? false;
      marker = {
        KeyMarker: page.NextKeyMarker,
        UploadIdMarker: page.NextUploadIdMarker,
      };
    }
  }

  return {
    begin,
    signPart,
    listParts,
    complete,
    sizeOf,
    signDownload,
    remove,
    listBegunBefore,
  };
}

function toStoredPart({ PartNumber, Size, ETag }: Part): StoredPart {
  return {
    number: Number(PartNumber),
    size: Number(Size),
    etag: `${ETag}`,
  };
}

/** What the call gives, or undefined when the store answers with such a code. */
async function unless<T>(
  code: RegExp,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof S3ServiceException && code.test(error.name))
      return undefined;
    throw error;
  }
}
