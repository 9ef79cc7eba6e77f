import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { createProjects } from './projects.ts';
import { createTenantTransactions } from './tenant-transactions.ts';
import { createTenants } from './tenants.ts';

type Services = {
  pool: Pool;
  log: { error: (message: string, details: object) => void };
};

const newTenant = z.strictObject({
  name: z.string().min(1).max(100),
});
const newProject = z.strictObject({
  slug: z.string().regex(/^[a-z0-9-]{1,50}$/),
  name: z.string().min(1).max(100),
});
const newTask = z.strictObject({ title: z.string().min(1).max(100) });
const projectPath = z.object({ id: z.uuid() });
const searchQuery = z.object({
  search: z.string().max(100).default(''),
});

/** A small API of many tenants: sign up, then projects and their tasks. */
export function createApp({ pool, log }: Services) {
  const { inTenant } = createTenantTransactions({ pool });
  const tenants = createTenants({ pool, inTenant });
  const projects = createProjects({ inTenant });
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app.post('/tenants', async (request, response) => {
    const { name } = newTenant.parse(request.body);
    response.status(201).json(await tenants.signUp(name));
  });

  app.post('/projects', async (request, response) => {
    const tenantId = await authenticate(request);
    const project = newProject.parse(request.body);
    const id = await projects.create(tenantId, project);
    if (!id)
      throw new HttpProblem(409, 'slug_taken', 'Take another slug');
    response.status(201).json({ id });
  });

  app.get('/projects', async (request, response) => {
    const tenantId = await authenticate(request);
    const { search } = searchQuery.parse(request.query);
    response.json(await projects.search(tenantId, search));
  });

  app.post('/projects/:id/tasks', async (request, response) => {
    const tenantId = await authenticate(request);
    const { title } = newTask.parse(request.body);
    const { id: project } = projectPath.parse(request.params);
    const id = await projects.addTask(tenantId, project, title);
    if (!id) throw noSuchProject();
    response.status(201).json({ id });
  });

  app.delete('/projects/:id', async (request, response) => {
    const tenantId = await authenticate(request);
    const { id } = projectPath.parse(request.params);
    if (!(await projects.remove(tenantId, id))) throw noSuchProject();
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
