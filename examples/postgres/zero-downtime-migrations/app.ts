import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type RequestHandler } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  createNewVersion,
  createOldVersion,
  type VersionName,
} from './app-version.ts';
import type { LatencyWindow } from './latency-window.ts';
import type { createMigrator } from './migrator.ts';

type Services = {
  pool: Pool;
  /** The versions that serve; they come and go as deployments do. */
  running: Set<VersionName>;
  migrator: Pick<ReturnType<typeof createMigrator>, 'moveTo'>;
  latency: LatencyWindow;
  log: { error: (message: string, details: object) => void };
};

const version = z.enum(['old', 'new']);
const userPath = z.object({
  version,
  id: z.string().regex(/^\d{1,18}$/),
});
const versionPath = z.object({ version });
const runningBody = z.strictObject({
  running: z.array(version).min(1),
});
const targetBody = z.strictObject({ target: z.string().max(100) });

/** Two versions of a small API on one table, and the operator's two routes. */
export function createApp(services: Services) {
  const { pool, running, migrator, latency, log } = services;
  const versions = {
    old: createOldVersion(pool),
    new: createNewVersion(pool),
  };
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  const measure: RequestHandler = (_request, response, next) => {
    const began = performance.now();
    response.on('finish', () => latency.add(performance.now() - began));
    next();
  };

  app.post('/:version/users', measure, async (request, response) => {
    const users = choose(versionPath.parse(request.params).version);
    const id = await users.create(request.body);
    response.status(201).json({ id });
  });

  app.get('/:version/users/:id', measure, async (request, response) => {
    const { version, id } = userPath.parse(request.params);
    const user = await choose(version).find(id);
    if (!user) throw noSuchUser();
    response.json(user);
  });

  app.put('/:version/users/:id', measure, async (request, response) => {
    const { version, id } = userPath.parse(request.params);
    if (!(await choose(version).rename(id, request.body)))
      throw noSuchUser();
    response.status(204).end();
  });

  app.put('/versions', (request, response) => {
    const wanted = new Set(runningBody.parse(request.body).running);
    running.clear();
    for (const name of wanted) running.add(name);
    response.status(204).end();
  });

  app.post('/migrations', async (request, response) => {
    const { target } = targetBody.parse(request.body);
    response.json({ done: await migrator.moveTo(target) });
  });

  function choose(name: VersionName) {
    if (running.has(name)) return versions[name];
    throw new HttpProblem(404, 'version_stopped', `${name} is stopped`);
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}

const noSuchUser = () =>
  new HttpProblem(404, 'no_such_user', 'Nobody has this id');
