import { pipeline } from 'node:stream/promises';
import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Request } from 'express';
import { z } from 'zod';
import type { Bucket } from './buckets.ts';
import { cleanName } from './clean-name.ts';
import { contentHeaders } from './content-headers.ts';
import type { createFileQuarantine } from './file-quarantine.ts';

type Services = {
  files: ReturnType<typeof createFileQuarantine>;
  published: Bucket;
  log: { error: (message: string, details: object) => void };
  /** Called for each file that was received, so that a worker wakes. */
  wake?: () => void;
  maxBytes?: number;
};

const place = z.strictObject({ id: z.uuid() });
const upload = z.object({
  name: z.string().min(1).max(255).transform(cleanName),
});

/** Takes files in, tells what became of them, and serves what is published. */
export function createApp(services: Services) {
  const { files, published, log, wake } = services;
  const { maxBytes = 20_000_000 } = services;
  const app = express().disable('x-powered-by');

  app.post('/files', async (request, response) => {
    const { name } = upload.parse(request.query);
    // Whatever is not read of a body must not be the next request.
    response.set('connection', 'close');
    checkSize(request, maxBytes);
    const declaredType = readType(request);
    const file = { name, declaredType, body: request };
    const id = await files.receive(file).catch((error) => {
      if (request.complete) throw error;
      throw new HttpProblem(400, 'incomplete', 'It broke off');
    });
    response.removeHeader('connection');
    response.status(202).location(`/files/${id}`).json({ id });
    wake?.();
  });

  app.get('/files/:id', async (request, response) => {
    const { hash: _private, ...file } = await find(request);
    response.json(file);
  });

  app.get('/files/:id/content', async (request, response) => {
    const { name, hash, type, size } = await find(request);
    if (!hash || !type || !size)
      throw new HttpProblem(404, 'not_published', 'Ask for its state');
    const body = await published.open(hash);
    if (!body) throw new Error(`Published and lost: ${hash}`);
    response.set(contentHeaders({ name, hash, type, size }));
    await pipeline(body, response).catch((error) =>
      log.error('content broke off', { hash, error }),
    );
  });

  async function find({ params }: Request) {
    const file = await files.find(place.parse(params).id);
    if (!file) throw new HttpProblem(404, 'not_found', 'No such file');
    return file;
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}

/** As it is declared: Node reads no more of the body than that. */
function checkSize(request: Request, maxBytes: number) {
  const size = Number(request.get('content-length') ?? Number.NaN);
  if (Number.isNaN(size))
    throw new HttpProblem(411, 'length_required', 'Say how long it is');
  if (size === 0) throw new HttpProblem(400, 'empty', 'Send a file');
  if (size > maxBytes)
    throw new HttpProblem(413, 'too_large', `Send up to ${maxBytes}`);
}

function readType(request: Request): string {
  const [type = ''] = (request.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}
