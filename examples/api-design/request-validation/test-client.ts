import { listen } from '@touchstone/kit/app/http';
import express from 'express';
import type { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../error-handling/answer-errors.ts';
import type { Violation } from '../error-handling/http-problem.ts';
import { createRequestParser } from './create-request-parser.ts';

/** What an app answered. */
export type Answer = {
  status: number;
  text: string;
  body: { code?: string; errors?: Violation[]; detail?: string };
};

/** Asks a path and reads the answer. */
export async function ask(
  url: string,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) };
}

/** Posts a text as JSON, or with the headers of a test. */
export function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {
    'content-type': 'application/json',
  },
): Promise<Answer> {
  return ask(url, { method: 'POST', headers, body });
}

type Parts = {
  params?: z.ZodType;
  query?: z.ZodType;
  headers?: z.ZodObject;
  body?: z.ZodType;
};

type Options = { maxBytes?: number; before?: () => Promise<void> };

/** Serves a route that answers with what it parsed. */
export async function serve(parts: Parts, options: Options = {}) {
  const errors: object[] = [];
  const infos: string[] = [];
  const log = {
    info: (message: string) => void infos.push(message),
    error: (message: string, details: object) =>
      void errors.push({ message, ...details }),
  };
  const parse = createRequestParser(parts, options);
  const app = express();
  app.use('/parsed', express.json());
  const inner = express.Router({ mergeParams: true });
  app.use('/in/:id', inner);
  for (const router of [app, inner])
    router.all(
      ['/', '/parsed', '/of/:id'],
      async (request, response) => {
        await options.before?.();
        response.json(await parse(request));
      },
    );
  app.use(answerNotFound, answerErrors(log));
  return {
    ...(await listen(app, { graceSeconds: 0.2 })),
    errors,
    infos,
  };
}
