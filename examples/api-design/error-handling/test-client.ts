import { listen } from '@touchstone/kit/app/http';
import express, { type Express, type RequestHandler } from 'express';
import { answerErrors, answerNotFound } from './answer-errors.ts';
import type { ProblemDetails } from './http-problem.ts';

/** A line of a log. */
export type Line = {
  level: string;
  message: string;
  details: { error?: unknown; path?: string };
};

/** A log that remembers. */
export function createTestLog() {
  const lines: Line[] = [];
  const at = (level: string) => (message: string, details: object) =>
    void lines.push({ level, message, details });
  return { lines, error: at('error'), info: at('info') };
}

/** What an app answered: all of it that counts. */
export type Answer = {
  status: number;
  phrase: string;
  headers: Headers;
  text: string;
  body: Partial<ProblemDetails>;
};

/** Asks a path and reads the answer. */
export async function ask(
  url: string,
  init?: RequestInit,
): Promise<Answer> {
  const response = await fetch(url, init);
  const { status, statusText: phrase, headers } = response;
  const text = await response.text();
  const isJson = /json/.test(headers.get('content-type') ?? '');
  return {
    status,
    phrase,
    headers,
    text,
    body: isJson && text ? JSON.parse(text) : {},
  };
}

type App = {
  add?: (app: Express) => void;
  translate?: Translate;
  log?: Parameters<typeof answerErrors>[0];
};
type Translate = (error: unknown) => unknown;

/** Serves an app of one route, and others that a test adds, behind the handlers of the pattern. */
export async function serve(
  handler: RequestHandler,
  { add, translate, log }: App = {},
) {
  const testLog = createTestLog();
  const app = express();
  add?.(app);
  app.get('/', handler);
  app.use(answerNotFound, answerErrors(log ?? testLog, translate));
  const { url, server, ...rest } = await listen(app, {
    graceSeconds: 0.2,
  });
  return { ...rest, url, server, lines: testLog.lines };
}
