import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { buildApp } from 'fauxqs';
import { addMultipartListings } from './multipart-listings.ts';
import type { ObjectStore } from './object-store.ts';

/** Starts fauxqs: it keeps all in memory, and accepts any signature, even an expired one. */
export async function startFauxqsStore(): Promise<ObjectStore> {
  // Not startFauxqs(): that listens on all interfaces, and has no place for what it lacks.
  const app: FastifyInstance = buildApp({ logger: false });
  allowBrowsers(app);
  obeyResponseHeaders(app);
  addMultipartListings(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'touchstone',
    secretAccessKey: 'not checked by this emulator',
    description: '• object store: fauxqs in this process, in memory; it checks no signature',
    [Symbol.asyncDispose]: async () => await app.close(),
  };
}

/** What a bucket's CORS rules do at a real store: pages of any origin may PUT and GET, and read the ETag. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'ETag');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'GET, HEAD, PUT');
    reply.header('access-control-allow-headers', '*');
    reply.header('access-control-max-age', '600');
    await reply.code(204).send();
  });
}

/** A signed URL may say the type of the answer, and what it is called when it is saved. */
function obeyResponseHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const query = request.query as Record<string, string>;
    for (const name of ['content-type', 'content-disposition'])
      if (query[`response-${name}`]) reply.header(name, query[`response-${name}`]);
    done(null, payload);
  });
}
