import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Request } from 'express';
import { z } from 'zod';
import type { createDirectUploads } from './direct-uploads.ts';
import { servePage } from './serve-page.ts';
import {
  cookieOptions,
  type createSessions,
  SESSION_COOKIE,
} from './sessions.ts';

type Services = {
  uploads: ReturnType<typeof createDirectUploads>;
  sessions: ReturnType<typeof createSessions>;
  /** Where the page may send parts to. */
  storeOrigin: string;
  log: { error: (message: string, details: object) => void };
};

const guest = z.strictObject({ name: z.string().min(1).max(64) });
const uploadId = z.uuid();
const newUpload = z.strictObject({
  // Postgres has no place for a null byte, and a header for no line break.
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^\P{Cc}+$/u, { error: 'has a control character' }),
  size: z.number().int().positive(),
});

/** Uploads and downloads of a small API, of which no byte passes through it. */
export function createApp(services: Services) {
  const { uploads, sessions, storeOrigin, log } = services;
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));
  app.use(servePage(storeOrigin));

  app.post('/sessions', async (request, response) => {
    const { name } = guest.parse(request.body);
    const token = await sessions.open(name);
    response.cookie(SESSION_COOKIE, token, cookieOptions);
    response.status(201).json({ name });
  });

  app.get('/sessions/current', async (request, response) => {
    response.json({ name: await authenticate(request) });
  });

  app.post('/uploads', async (request, response) => {
    const owner = await authenticate(request);
    const upload = newUpload.parse(request.body);
    const id = await uploads.begin({ owner, ...upload });
    response.status(201).json({ id });
  });

  app.get('/uploads/:id', async (request, response) => {
    const owner = await authenticate(request);
    const id = uploadId.parse(request.params.id);
    response.set('cache-control', 'no-store');
    response.json(await uploads.describe(owner, id));
  });

  app.post('/uploads/:id/confirmation', async (request, response) => {
    const owner = await authenticate(request);
    await uploads.confirm(owner, uploadId.parse(request.params.id));
    response.status(204).end();
  });

  app.get('/uploads/:id/file', async (request, response) => {
    const owner = await authenticate(request);
    const id = uploadId.parse(request.params.id);
    response.set('cache-control', 'no-store');
    response.redirect(303, await uploads.signDownload(owner, id));
  });

  async function authenticate({ headers }: Request): Promise<string> {
    const name = await sessions.findName(headers.cookie);
    if (name) return name;
    throw new HttpProblem(401, 'no_session', 'POST /sessions first');
  }

  return app.use(answerNotFound, answerErrors(log));
}
