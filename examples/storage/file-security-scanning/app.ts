import { pipeline } from 'node:stream/promises';
import express, { type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { integerText } from '../../api-design/request-validation/from-text.ts';
import type { Bucket } from './buckets.ts';
import { contentHeaders } from './content-headers.ts';
import type { createFileQuarantine } from './file-quarantine.ts';

type Services = {
  pool: Pool;
  files: ReturnType<typeof createFileQuarantine>;
  published: Pick<Bucket, 'open'>;
  log: Parameters<typeof answerErrors>[0];
};

/** The last three say what is published. */
type FileStatus = {
  id: string;
  name: string;
  state: 'quarantined' | 'published' | 'rejected';
  reason: string | null;
  object: string | null;
  type: string | null;
  size: number | null;
};

const parseUpload = createRequestParser({
  query: z.strictObject({ name: z.string().min(1).max(255) }),
  headers: z.strictObject({
    'content-type': z.string().max(100),
    'content-length': integerText({ min: 1, max: 25_000_000 }),
  }),
});
const parseId = createRequestParser({
  params: z.strictObject({ id: z.uuid() }),
});

/** Takes files in, says what became of them, and serves what is published. */
export function createApp({ pool, files, published, log }: Services) {
  const app = express().disable('x-powered-by');

  app.post('/files', async (request, response) => {
    // What is left of a body must not be taken for a request.
    response.set('connection', 'close');
    const { query, headers } = await parseUpload(request);
    const [type = ''] = headers['content-type'].split(';');
    const declaredType = type.trim().toLowerCase();
    const file = { name: query.name, declaredType, body: request };
    const id = await files.receive(file);
    response.removeHeader('connection');
    response.status(202).location(`/files/${id}`).json({ id });
  });

  app.get('/files/:id', async (request, response) => {
    const { object: _private, ...file } = await find(request);
    response.json(file);
  });

  app.get('/files/:id/content', async (request, response) => {
    const { name, object, type, size } = await find(request);
    if (!object || !type || !size)
      throw new HttpProblem(404, 'not_published', 'Ask for its state');
    const body = await published.open(object);
    response.set(contentHeaders({ name, type, size, object }));
    await pipeline(body, response);
  });

  // A real app asks who they are: the owner here, an operator below.
  app.delete('/files/:id', async (request, response) => {
    const { id } = (await parseId(request)).params;
    if (!(await files.remove(id))) throw notFound();
    response.status(204).end();
  });

  app.post('/files/:id/rescan', async (request, response) => {
    const { id } = (await parseId(request)).params;
    if (!(await files.rescan(id))) throw notFound();
    response.status(202).end();
  });

  async function find(request: Request) {
    const { id } = (await parseId(request)).params;
    const { rows } = await pool.query<FileStatus>(
      `select id, name, state, reason, object, type, size::float8
       from files
       where id = $1`,
      [id],
    );
    if (!rows[0]) throw notFound();
    return rows[0];
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}

const notFound = () =>
  new HttpProblem(404, 'no_such_file', 'There is no such file');
