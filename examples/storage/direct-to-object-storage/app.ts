import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createDirectUploads } from './direct-uploads.ts';
import { createGuests } from './guests.ts';
import { servePage } from './serve-page.ts';

type Services = {
  uploads: ReturnType<typeof createDirectUploads>;
  /** Where the page may send parts to. */
  storeOrigin: string;
  log: Parameters<typeof answerErrors>[0];
};

const parseGuest = createRequestParser({
  body: z.strictObject({ name: z.string().min(1).max(64) }),
});
const parseUpload = createRequestParser({
  body: z.strictObject({
    name: z.string().min(1).max(255),
    size: z.int().min(0),
  }),
});
const parseId = createRequestParser({
  params: z.strictObject({ id: z.uuid() }),
});

/** Uploads and downloads of a small API, of which no byte passes through it. */
export function createApp({ uploads, storeOrigin, log }: Services) {
  const { open, authenticate } = createGuests();
  const app = express().disable('x-powered-by');
  app.use(servePage(storeOrigin));
  app.use((_request, response, next) => {
    response.set('cache-control', 'no-store'); // URLs are secrets
    next();
  });

  app.post('/sessions', async (request, response) => {
    const { name } = (await parseGuest(request)).body;
    open(name, response);
    response.status(201).json({ name });
  });

  app.post('/uploads', async (request, response) => {
    const owner = authenticate(request);
    const { body } = await parseUpload(request);
    const id = await uploads.begin({ owner, ...body });
    response.status(201).json({ id });
  });

  app.get('/uploads/:id', async (request, response) => {
    const owner = authenticate(request);
    const { id } = (await parseId(request)).params;
    response.json(await uploads.describe(owner, id));
  });

  app.post('/uploads/:id/confirmation', async (request, response) => {
    const owner = authenticate(request);
    const { id } = (await parseId(request)).params;
    await uploads.confirm(owner, id);
    response.json({ received: true });
  });

  app.get('/uploads/:id/file', async (request, response) => {
    const owner = authenticate(request);
    const { id } = (await parseId(request)).params;
    response.redirect(303, await uploads.signDownload(owner, id));
  });

  app.delete('/uploads/:id', async (request, response) => {
    const owner = authenticate(request);
    const { id } = (await parseId(request)).params;
    await uploads.remove(owner, id);
    response.status(204).end();
  });

  return app.use(answerNotFound, answerErrors(log));
}
