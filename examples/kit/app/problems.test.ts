import express, { type RequestHandler } from 'express';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { listen } from './http.ts';
import { answerErrors, answerNotFound, HttpProblem } from './problems.ts';

it('answers an error of ours with its status, code and message', async () => {
  const { answer } = await provoke(() => {
    throw new HttpProblem(409, 'email_taken', 'Log in instead');
  });

  expect(answer).toEqual({
    status: 409,
    type: 'application/problem+json; charset=utf-8',
    retryAfter: null,
    body: { title: 'Conflict', status: 409, code: 'email_taken', detail: 'Log in instead' },
  });
});

it('names each field that is wrong', async () => {
  const { answer } = await provoke(() => {
    z.object({ age: z.number() }).parse({ age: 'old' });
  });

  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'invalid_request', errors: [{ pointer: '/age', detail: expect.any(String) }] },
  });
});

it('tells nothing of an error that the caller did not cause, and logs it', async () => {
  const error = new Error('password of the database is hunter2');
  const { answer, logged } = await provoke(() => {
    throw error;
  });

  expect(answer.body).toEqual({
    title: 'Internal Server Error',
    status: 500,
    code: 'internal_error',
  });
  expect(logged).toEqual([{ path: '/', error }]);
});

it('tells only the code of an error with a status of 500 or more', async () => {
  const { answer, logged } = await provoke(() => {
    throw new HttpProblem(503, 'database_down', 'postgres://admin:hunter2@db');
  });

  expect(answer).toMatchObject({ status: 503, retryAfter: null });
  expect(answer.body).toEqual({
    title: 'Service Unavailable',
    status: 503,
    code: 'database_down',
  });
  expect(logged).toHaveLength(1);
});

it('says when to come back, and does not log each time that it does', async () => {
  const { answer, logged } = await provoke(() => {
    const problem = new HttpProblem(503, 'overloaded', 'The queue is full');
    throw Object.assign(problem, { retryAfterSeconds: 1.2 });
  });

  expect(answer).toMatchObject({ status: 503, retryAfter: '2', body: { code: 'overloaded' } });
  expect(logged).toEqual([]);
});

it('answers what no route answers', async () => {
  const { answer } = await provoke((_request, _response, next) => next());

  expect(answer).toMatchObject({
    status: 404,
    body: { code: 'not_found', detail: 'GET / is not here' },
  });
});

async function provoke(handler: RequestHandler) {
  const logged: object[] = [];
  const log = { error: (_message: string, details: object) => void logged.push(details) };
  const app = express().get('/', handler).use(answerNotFound, answerErrors(log));
  await using server = await listen(app);
  const response = await fetch(server.url);
  const { status, headers } = response;
  const answer = {
    status,
    type: headers.get('content-type'),
    retryAfter: headers.get('retry-after'),
    body: await response.json(),
  };
  return { logged, answer };
}
