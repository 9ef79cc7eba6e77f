import express, { Router } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { Release } from './releases.ts';

const idSchema = z.string().regex(/^\d{1,18}$/);

type Log = { error: (message: string, details: object) => void };

/** Both releases on one server, each under its name: the same table, two forms of it. */
export function createApp(
  { old, fresh }: { old: Release; fresh: Release },
  log: Log,
) {
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));
  app.use('/old/users', createRoutes(old));
  app.use('/new/users', createRoutes(fresh));
  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}

function createRoutes(release: Release) {
  const routes = Router();

  routes.post('/', async (request, response) => {
    const id = await release.create(request.body);
    response.status(201).json({ id });
  });

  routes.get('/:id', async (request, response) => {
    const id = idSchema.parse(request.params.id);
    const user = await release.find(id);
    if (!user) throw noSuchUser();
    response.json(user);
  });

  routes.put('/:id', async (request, response) => {
    const id = idSchema.parse(request.params.id);
    if (!(await release.rename(id, request.body))) throw noSuchUser();
    response.status(204).end();
  });

  return routes;
}

function noSuchUser() {
  return new HttpProblem(404, 'no_such_user', 'No user has this id');
}
