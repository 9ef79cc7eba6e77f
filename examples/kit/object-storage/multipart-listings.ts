import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

type Part = { number: number; etag: string; size: number };
type Upload = { id: string; bucket: string; key: string; begun: Date; parts: Map<number, Part> };
type Route = { bucket: string; '*'?: string };
type Query = { uploads?: string; uploadId?: string; partNumber?: string };

/** Adds ListParts and ListMultipartUploads, which fauxqs lacks, from what it was seen to answer. */
export function addMultipartListings(app: FastifyInstance): void {
  const uploads = new Map<string, Upload>();

  app.addHook('onRequest', async (request, reply) => {
    const { bucket, '*': key } = request.params as Route;
    const { uploads: all, uploadId } = request.query as Query;
    if (request.method !== 'GET') return;
    if (all !== undefined && !key)
      return reply.type(XML_TYPE).send(describeUploads(bucket, uploads));
    if (!uploadId) return;
    const upload = uploads.get(uploadId);
    if (!upload) return reply.code(404).type(XML_TYPE).send(NO_SUCH_UPLOAD);
    return reply.type(XML_TYPE).send(describeParts(upload));
  });

  // Not async: fauxqs's handlers do not wait for a hook, and Fastify would then send twice.
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode < 300) note(request, reply, payload);
    done(null, payload);
  });

  function note(request: FastifyRequest, reply: FastifyReply, payload: unknown) {
    const { bucket, '*': key = '' } = request.params as Route;
    const { uploads: begins, uploadId = '', partNumber } = request.query as Query;
    const { method } = request;
    if (method === 'POST' && begins !== undefined) {
      const [, id = ''] = /<UploadId>(.+?)</.exec(String(payload)) ?? [];
      uploads.set(id, { id, bucket, key, begun: new Date(), parts: new Map() });
    } else if (method === 'PUT' && partNumber) {
      const [number, etag] = [Number(partNumber), `${reply.getHeader('etag')}`];
      uploads.get(uploadId)?.parts.set(number, { number, etag, size: sizeOf(request) });
    } else if (method === 'POST' || method === 'DELETE') {
      uploads.delete(uploadId); // completed or aborted
    }
  }
}

/** The SDK sends a body in signed chunks: a header has the length without their frames. */
function sizeOf({ headers }: FastifyRequest): number {
  return Number(headers['x-amz-decoded-content-length'] ?? headers['content-length']);
}

const XML_TYPE = 'application/xml';
const XML = '<?xml version="1.0" encoding="UTF-8"?>';

const NO_SUCH_UPLOAD = `${XML}<Error><Code>NoSuchUpload</Code><Message>There is no such upload</Message></Error>`;

function describeParts({ id, bucket, key, parts }: Upload): string {
  const rows = [...parts.values()]
    .toSorted((a, b) => a.number - b.number)
    .map(
      ({ number, etag, size }) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag><Size>${size}</Size></Part>`,
    );
  return `${XML}<ListPartsResult><Bucket>${bucket}</Bucket><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId><IsTruncated>false</IsTruncated>${rows.join('')}</ListPartsResult>`;
}

function describeUploads(bucket: string, uploads: Map<string, Upload>): string {
  const rows = [...uploads.values()]
    .filter((upload) => upload.bucket === bucket)
    .map(
      ({ key, id, begun }) =>
        `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
    );
  return `${XML}<ListMultipartUploadsResult><Bucket>${bucket}</Bucket><IsTruncated>false</IsTruncated>${rows.join('')}</ListMultipartUploadsResult>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
