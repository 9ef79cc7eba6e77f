import express, { type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { createProjects } from './projects.ts';
import { createTenantTransactions } from './tenant-transactions.ts';
import { createTenants } from './tenants.ts';

type Services = {
  pool: Pool;
  log: Parameters<typeof answerErrors>[0];
};

const name = z.string().min(1).max(100);
const params = z.strictObject({ id: z.uuid() });

const parseNewTenant = createRequestParser({
  body: z.strictObject({ name }),
});
const parseNewProject = createRequestParser({
  body: z.strictObject({
    slug: z.string().regex(/^[a-z0-9-]{1,50}$/),
    name,
  }),
});
const parseSearch = createRequestParser({
  query: z.strictObject({ search: z.string().max(100).default('') }),
});
const parseNewTask = createRequestParser({
  params,
  body: z.strictObject({ title: name }),
});
const parseProject = createRequestParser({ params });

/** A small API of many tenants: sign up, then projects and their tasks. */
export function createApp({ pool, log }: Services) {
  const { inTenant } = createTenantTransactions({ pool });
  const tenants = createTenants({ pool, inTenant });
  const projects = createProjects({ inTenant });
  const app = express().disable('x-powered-by');

  app.post('/tenants', async (request, response) => {
    const { body } = await parseNewTenant(request);
    response.status(201).json(await tenants.signUp(body.name));
  });

  app.post('/projects', async (request, response) => {
    const tenantId = await authenticate(request);
    const { body } = await parseNewProject(request);
    const id = await projects.create(tenantId, body);
    if (!id)
      throw new HttpProblem(409, 'slug_taken', 'Take another slug');
    response.status(201).json({ id });
  });

  app.get('/projects', async (request, response) => {
    const tenantId = await authenticate(request);
    const { query } = await parseSearch(request);
    response.json(await projects.search(tenantId, query.search));
  });

  app.post('/projects/:id/tasks', async (request, response) => {
    const tenantId = await authenticate(request);
    const { params, body } = await parseNewTask(request);
    const id = await projects.addTask(tenantId, params.id, body.title);
    if (!id) throw noSuchProject();
    response.status(201).json({ id });
  });

  app.delete('/projects/:id', async (request, response) => {
    const tenantId = await authenticate(request);
    const { params } = await parseProject(request);
    const isRemoved = await projects.remove(tenantId, params.id);
    if (!isRemoved) throw noSuchProject();
    response.status(204).end();
  });

  /** The tenant comes from the key alone, never from a path or a body. */
  async function authenticate(request: Request): Promise<string> {
    const [, key] =
      /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    const tenantId = key && (await tenants.findTenant(key));
    if (!tenantId)
      throw new HttpProblem(401, 'invalid_key', 'Send your API key');
    return tenantId;
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}

const noSuchProject = () =>
  new HttpProblem(404, 'no_such_project', 'You have no such project');
