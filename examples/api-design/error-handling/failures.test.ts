import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { listen } from '@touchstone/kit/app/http';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import express from 'express';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { answerErrors, refuseMethod } from './answer-errors.ts';
import { endOnCrash } from './end-on-crash.ts';
import { HttpProblem } from './http-problem.ts';
import { ask, createTestLog, serve } from './test-client.ts';
import { translateZodError } from './translate-zod-error.ts';

const CRASH = new URL('test-crash.ts', import.meta.url);
const LONG = 'x'.repeat(20_000_000);
const INTERNAL = {
  title: 'Internal Server Error',
  status: 500,
  code: 'internal_error',
};

failure(
  'An unknown error holds SQL, a path or a secret',
  {
    symptom:
      '500 `internal_error`, and nothing else; the log has the error',
    defence: 'to-answer',
    remains:
      'The log gets the whole error. structured-logging leaves out the rows and headers that drivers and HTTP clients add; `console` writes them',
  },
  async () => {
    const database = new DatabaseSync(':memory:');
    const text = 'pg://ada:hunter2@db';
    const cause = new Error('ECONNREFUSED');
    const errors = [{ pointer: '', detail: text }];
    const known: Record<string, HttpProblem> = {
      down: new HttpProblem(503, 'db_down', text, { cause, errors }),
      bug: new HttpProblem(500, 'no_luck', text),
      theirs: new HttpProblem(499, 'told', 'Come back'),
    };
    await using app = await serve((request) => {
      const problem = known[`${request.query.what}`];
      if (problem) throw problem;
      database.exec('select password from members');
    });

    const answer = await ask(`${app.url}/?token=secret`);
    const get = async (what: string) =>
      (await ask(`${app.url}?what=${what}`)).body;

    expect(answer.status).toBe(500);
    expect(answer.body).toEqual(INTERNAL);
    expect(answer.headers.get('content-type')).toBe(
      'application/problem+json',
    );
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(await get('down')).toEqual({
      title: 'Service Unavailable',
      status: 503,
      code: 'db_down',
    });
    expect(await get('bug')).toEqual({ ...INTERNAL, code: 'no_luck' });
    expect(await get('theirs')).toEqual({
      title: 'Error',
      status: 499,
      code: 'told',
      detail: 'Come back',
    });
    expect(app.lines).toEqual([
      {
        level: 'error',
        message: 'request failed',
        details: {
          method: 'GET',
          path: '/',
          error: expect.objectContaining({
            message: 'no such table: members',
          }),
        },
      },
      failed({ message: text, cause }),
      failed({ message: text }),
    ]);
  },
);

failure(
  'Another server answers 401, and its client throws that status',
  {
    symptom: '500 `internal_error`: the caller is not told to log in',
    defence: 'to-answer',
    remains:
      'The handler trusts an error with `expose: true`; http-errors and body parsers set it',
  },
  async () => {
    const thrown: Record<string, object> = {
      sdk: { status: 401, code: 'invalid_api_key' },
      odd: { status: 200, expose: true },
      high: { status: 600, expose: true },
      low: { status: 399, expose: true },
      text: { status: '404', expose: true },
      half: { status: 404, expose: 'yes' },
      part: { expose: true },
      most: { status: 599, expose: true, code: 'Not_Mine' },
      least: { status: 400, expose: true, code: 'quota_2', errors: [] },
      quiet: { status: 413, expose: false, code: 'not-mine' },
      told: {
        status: 416,
        expose: true,
        headers: { 'content-range': 'bytes */9' },
      },
      ours: {
        status: 500,
        expose: false,
        headers: { 'set-cookie': 'bank=1' },
      },
      uri: new URIError('a bug of ours'),
      uri500: Object.assign(new URIError('x'), { status: 500 }),
    };
    await using app = await serve((request) => {
      const what = thrown[`${request.query.what}`];
      if (what instanceof Error) throw what;
      throw Object.assign(new Error('sk_live_42'), what);
    });
    const get = async (what: string) =>
      (await ask(`${app.url}/?what=${what}`)).body;

    for (const what of [
      'sdk',
      'ours',
      'odd',
      'high',
      'low',
      'text',
      'half',
      'part',
    ])
      expect(await get(what)).toEqual(INTERNAL);
    expect(await get('uri')).toEqual(INTERNAL);
    expect(await get('uri500')).toEqual(INTERNAL);
    expect(await get('least')).toEqual({
      title: 'Bad Request',
      status: 400,
      code: 'quota_2',
      detail: 'sk_live_42',
    });
    expect(await get('most')).toEqual({
      title: 'Error',
      status: 599,
      code: 'error',
    });
    const ours = await ask(`${app.url}/?what=ours`);
    expect(ours.headers.get('set-cookie')).toBeNull();
    const told = await ask(`${app.url}/?what=told`);
    expect(told.headers.get('content-range')).toBe('bytes */9');
    expect(await get('quiet')).toEqual({
      title: 'Payload Too Large',
      status: 413,
      code: 'payload_too_large',
    });
  },
);

failure(
  'A body cannot be parsed, and the parser quotes it',
  {
    symptom:
      '400 `entity_parse_failed`, the `type` of the parser, without a word of the body',
    defence: 'to-answer',
    remains: 'Your own errors with a `type` also get no detail',
  },
  async () => {
    await using app = await serve(
      (_request, response) => response.end(),
      {
        add: (app) => {
          app.use('/signed', express.json({ verify: refuse }));
          app.use(express.json({ limit: 30 }));
          app.get('/files/:name', (_, response) => response.end());
        },
      },
    );
    const post = (
      body: string,
      path = '/',
      type = 'application/json',
    ) => {
      const headers = { 'content-type': type };
      return ask(app.url + path, { method: 'POST', headers, body });
    };

    const broken = await post('{"password": hunter2}');
    expect(broken.body).toEqual({
      title: 'Bad Request',
      status: 400,
      code: 'entity_parse_failed',
    });
    expect((await post('{}', '/signed')).body).toEqual({
      title: 'Forbidden',
      status: 403,
      code: 'entity_verify_failed',
    });
    expect((await post(JSON.stringify('x'.repeat(30)))).body).toEqual({
      title: 'Payload Too Large',
      status: 413,
      code: 'entity_too_large',
    });
    const latin = await post(
      '{}',
      '/',
      'application/json; charset=latin1',
    );
    expect(latin.body).toEqual({
      title: 'Unsupported Media Type',
      status: 415,
      code: 'charset_unsupported',
    });
    expect((await ask(`${app.url}/files/%E0%A4%A`)).body).toEqual({
      title: 'Bad Request',
      status: 400,
      code: 'invalid_path',
    });
    expect(app.lines).toEqual([]);
  },
);

failure(
  'A schema refuses what the caller sent',
  {
    symptom:
      'With `translateZodError`: 400 `invalid_request` and a pointer to each fault. Without it: 500 `internal_error`, and the ZodError in the log',
    defence: 'translate-zod-error',
    remains:
      'A ZodError does not say whose data it refused: parse answers of other servers with `safeParse`. A message of your own may quote the value',
  },
  async () => {
    const schema = z.strictObject({
      'a/b~c': z.array(z.object({ age: z.number() })),
    });
    const parse = (value: unknown) =>
      serve(
        () => {
          schema.parse(value);
        },
        { translate: translateZodError },
      );
    await using wrong = await parse({
      'a/b~c': [{ age: 1 }, { age: 'hunter2' }],
      ['k'.repeat(10_000)]: 1,
    });
    await using many = await parse({ 'a/b~c': Array(1000).fill(1) });
    await using deep = await serve(
      () => {
        z.record(z.string(), z.number()).parse({ [LONG]: '' });
      },
      { translate: translateZodError },
    );
    await using plain = await serve(() => {
      schema.parse({});
    });

    expect((await ask(wrong.url)).body).toEqual({
      title: 'Bad Request',
      status: 400,
      code: 'invalid_request',
      detail: 'Correct what is listed',
      errors: [
        {
          pointer: '/a~1b~0c/1/age',
          detail: 'Invalid input: expected number, received string',
        },
        {
          pointer: '',
          detail: `Unrecognized key: "${'k'.repeat(181)}`,
        },
      ],
    });
    expect((await ask(many.url)).body.errors).toHaveLength(20);
    const [violation] = (await ask(deep.url)).body.errors ?? [];
    expect(violation?.pointer).toBe(`/${'x'.repeat(199)}`);
    expect(wrong.lines).toEqual([]);
    expect((await ask(plain.url)).body).toEqual(INTERNAL);
    expect(plain.lines).toEqual([failed({ name: 'ZodError' })]);
    const problem = translateZodError(new z.ZodError([]));
    expect(problem).toMatchObject({ cause: { issues: [] } });
  },
);

failure(
  'A handler fails in the middle of its answer',
  {
    symptom:
      'The client gets `terminated`, not half an answer as a whole one; the log has `answer broke off`',
    defence: 'answer-errors',
    remains:
      'The status was 200: count this line of the log as a failure. A `pipeline` that fails before its first byte closes the connection without an answer: open its source first',
  },
  async () => {
    const seen = Promise.withResolvers<void>();
    await using app = await serve(async (request, response) => {
      const { how } = request.query;
      if (how === 'pipe') await pipeline(breakOff, response);
      if (how === 'open')
        await pipeline(createReadStream('/nowhere'), response);
      response.write('half');
      if (how === 'end') response.end(LONG);
      else await seen.promise;
      throw new Error('a row is broken');
    });

    const broken = await fetch(app.url);
    expect(broken.status).toBe(200);
    seen.resolve();
    await expect(broken.text()).rejects.toThrow('terminated');
    const whole = await ask(`${app.url}?how=end`);

    const piped = await fetch(`${app.url}?how=pipe`);
    await expect(piped.text()).rejects.toThrow('terminated');

    expect(whole.text).toBe(`half${LONG}`);
    await expect(fetch(`${app.url}?how=open`)).rejects.toThrow();
    expect(app.lines).toEqual([
      {
        level: 'error',
        message: 'answer broke off',
        details: {
          method: 'GET',
          path: '/',
          error: expect.objectContaining({
            message: 'a row is broken',
          }),
        },
      },
      failed({ message: 'a row is broken' }),
      expect.objectContaining({ message: 'answer broke off' }),
      failed({ code: 'ENOENT' }),
    ]);
  },
);

failure(
  'The client goes away',
  {
    symptom: '`client went away` at level info, and no error',
    defence: 'client-went-away',
    remains:
      'An error of another kind is still logged: callers that gave up do not hide an outage',
  },
  async () => {
    const { reason } = AbortSignal.abort();
    const cyclic = new Error('x');
    cyclic.cause = cyclic;
    const coded = (code: string) =>
      Object.assign(new Error('x'), { code });
    const theirs: Record<string, (error?: unknown) => unknown> = {
      json: () => {},
      reading: (error) => error,
      abort: () => reason,
      deep: () => nest(reason, 5),
      a: () => coded('ECONNABORTED'),
      b: () => coded('ERR_STREAM_PREMATURE_CLOSE'),
      c: () => coded('ERR_STREAM_DESTROYED'),
      d: () => coded('ERR_STREAM_UNABLE_TO_PIPE'),
    };
    const ours: typeof theirs = {
      outage: () => coded('ECONNREFUSED'),
      reset: () => coded('ECONNRESET'),
      late: () => new DOMException('x', 'TimeoutError'),
      cycle: () => cyclic,
      deeper: () => nest(reason, 6),
      value: () => 'ECONNABORTED',
      problem: () => new HttpProblem(500, 'no_luck', 'x'),
    };
    const silent = () => new HttpProblem(409, 'taken', 'x');
    const all: typeof theirs = { silent, ...theirs, ...ours };
    const abort = () => {
      throw reason;
    };
    await using app = await serve(abort, {
      add: (app) =>
        app
          .use('/json', express.json())
          .post('/:what', async (request, response) => {
            const closed = once(response, 'close');
            const error = await drain(request).catch(
              (reason) => reason,
            );
            await closed;
            throw all[`${request.params.what}`]?.(error);
          }),
    });

    for (const [count, what] of Object.keys(all).entries()) {
      await leave(app, `/${what}?token=secret`);
      await waitUntil(
        `${what} is handled`,
        () => app.lines.length === count,
      );
    }

    const gone = (what: string) => ({
      level: 'info',
      message: 'client went away',
      details: { method: 'POST', path: `/${what}` },
    });
    const failed = { level: 'error', message: 'request failed' };
    expect(app.lines).toEqual([
      ...Object.keys(theirs).map(gone),
      ...Object.keys(ours).map(() => expect.objectContaining(failed)),
    ]);
    expect(app.lines.map(({ details }) => details.error)).toContain(
      cyclic,
    );
    // Here the client waits: an abort of ours is our fault.
    expect((await ask(app.url)).body).toEqual(INTERNAL);
  },
);

it('answers 500 to whatever is thrown, and structured-logging writes a bounded line without rows and headers', async () => {
  const driver = Object.assign(new Error('x'.repeat(90_000)), {
    row: { password: 'hunter2' },
  });
  driver.cause = driver;
  const unreadable = Object.defineProperty(new Error(), 'message', {
    get: fail,
  });
  const thrown = [
    'text',
    7,
    { password: 'hunter2' },
    null,
    undefined,
    driver,
    unreadable,
  ];
  const written: string[] = [];
  const log = createLog({
    output: { write: (line) => void written.push(line) },
  });
  await using app = await serve(
    async (request) => {
      throw thrown[Number(request.query.index)];
    },
    { log },
  );

  for (const index of thrown.keys()) {
    const { body } = await ask(`${app.url}?index=${index}`);
    expect(body).toEqual(INTERNAL);
  }

  expect(written).toHaveLength(thrown.length);
  expect(written.join()).not.toContain('hunter2');
  for (const line of written) expect(line.length).toBeLessThan(17_000);
});

failure(
  'The handler had already set headers for the answer that failed',
  {
    symptom:
      'The problem has `cache-control: no-store` and no header of the other body: no cache keeps it, and `Trailer` does not end the process',
    defence: 'send-problem',
    remains: 'Cookies that the handler set are sent',
  },
  async () => {
    const stale = {
      'content-encoding': 'gzip',
      'content-language': 'de',
      'content-range': 'bytes 0-9/10',
      'content-disposition': 'attachment',
      etag: '"1"',
      'last-modified': 'Sun, 29 Nov 2026 10:00:00 GMT',
      expires: 'Sun, 29 Nov 2026 11:00:00 GMT',
      'accept-ranges': 'bytes',
      'cdn-cache-control': 'max-age=3600',
      'surrogate-control': 'max-age=3600',
      'transfer-encoding': 'chunked',
      trailer: 'x-sum',
    };
    const kept = {
      'content-security-policy': "default-src 'self'",
      vary: 'origin',
      'x-content-hash': '7',
    };
    await using app = await serve((_request, response) => {
      response.set(stale).set(kept);
      response.set('cache-control', 'public, max-age=3600');
      response.set('content-length', '3').type('text/html');
      response.statusMessage = 'Fine';
      throw new HttpProblem(
        404,
        'no_member',
        'No member is called Åsa',
      );
    });

    const answer = await ask(app.url);

    expect(answer.body).toMatchObject({
      detail: 'No member is called Åsa',
    });
    for (const name of Object.keys(stale))
      expect(answer.headers.get(name)).toBeNull();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-length': `${Buffer.byteLength(answer.text)}`,
      'content-type': 'application/problem+json',
      'x-content-type-options': 'nosniff',
      ...kept,
    });
    expect(answer.phrase).toBe('Not Found');
  },
);

failure(
  'The caller asks for a path, a method or a moment that is wrong',
  {
    symptom:
      '404, 405 with `Allow`, 401 with `WWW-Authenticate`, 503 with `Retry-After`',
    defence: 'not-found',
    remains:
      'A route without `refuseMethod` answers other methods with 404. To Express, a thrown `null`, `route` or `router` is not an error: it answers 404',
  },
  async () => {
    const thrown: Record<string, HttpProblem> = {
      who: new HttpProblem(401, 'no_token', 'Log in'),
      role: new HttpProblem(401, 'old_token', 'Refresh', {
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      }),
      when: new HttpProblem(503, 'full', 'x', {
        retryAfterSeconds: 1.2,
        headers: { 'x-queue': '7' },
      }),
      now: new HttpProblem(429, 'slower', 'x', {
        retryAfterSeconds: 0,
      }),
      past: new HttpProblem(503, 'full', 'x', {
        retryAfterSeconds: -1,
      }),
      never: new HttpProblem(503, 'full', 'x', {
        retryAfterSeconds: Number.POSITIVE_INFINITY,
      }),
      where: new HttpProblem(400, 'invalid_request', 'x', {
        errors: [{ pointer: '/a~1b', detail: 'not a number' }],
      }),
    };
    await using app = await serve(
      (request, response) => {
        const { what } = request.query;
        if (what === 'null') throw null;
        if (what) throw thrown[`${what}`] ?? what;
        response.end();
      },
      {
        add: (app) => {
          const end: express.RequestHandler = (_, response) =>
            void response.end();
          app.route('/read').get(end).patch(end).all(refuseMethod);
          app.route('/write').post(end).all(refuseMethod);
        },
      },
    );
    const get = (what: string) => ask(`${app.url}?what=${what}`);
    const send = (path: string, method: string) =>
      ask(app.url + path, { method });

    const missing = await send('/nowhere?token=1', 'POST');
    expect(missing.body).toEqual({
      title: 'Not Found',
      status: 404,
      code: 'not_found',
      detail: 'There is nothing at this path',
    });
    const refused = await send('/read', 'DELETE');
    expect(refused.headers.get('allow')).toBe('GET, PATCH, HEAD');
    expect(refused.body).toEqual({
      title: 'Method Not Allowed',
      status: 405,
      code: 'method_not_allowed',
      detail: 'DELETE is not one of GET, PATCH, HEAD',
    });
    const options = await send('/write', 'OPTIONS');
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('POST');
    expect((await send('/read', 'HEAD')).status).toBe(200);
    expect((await send('/write', 'HEAD')).status).toBe(405);
    expect((await get('who')).headers.get('www-authenticate')).toBe(
      'Bearer',
    );
    expect((await get('role')).headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token"',
    );
    const wait = await get('when');
    expect(wait.headers.get('retry-after')).toBe('2');
    expect(wait.headers.get('x-queue')).toBe('7');
    expect((await get('now')).headers.get('retry-after')).toBe('0');
    const where = await get('where');
    expect(where.headers.get('www-authenticate')).toBeNull();
    expect(where.body).toMatchObject({
      errors: [{ pointer: '/a~1b', detail: 'not a number' }],
    });
    expect((await get('past')).headers.get('retry-after')).toBe('0');
    for (const what of ['null', 'route', 'router'])
      expect((await get(what)).status).toBe(404);
    expect(app.lines).toEqual([]);
    expect((await get('never')).headers.get('retry-after')).toBeNull();
    expect(app.lines).toHaveLength(1);
  },
);

failure(
  'The handler fails while it answers an error',
  {
    symptom:
      '500 `internal_error`; the log has `An error had no answer` and both errors',
    defence: 'answer-errors',
    remains: 'A log that throws ends the connection',
  },
  async () => {
    const lost = new Error('the first error');
    const log = createTestLog();
    const header = {
      'x-reason': 'a\r\nset-cookie: admin=1',
      'content-type': 'text/html',
    };
    const bad: unknown[] = [
      lost,
      new HttpProblem(400, 'bad', 'x', { headers: header }),
    ];
    await using app = await serve(
      async (request) => {
        throw bad[Number(request.query.index)];
      },
      {
        translate(error) {
          if (error === lost) throw new TypeError('a bug');
          return error;
        },
      },
    );

    for (const index of bad.keys()) {
      const answer = await ask(`${app.url}?index=${index}`);
      expect(answer.body).toEqual(INTERNAL);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }

    const aggregate = (...messages: unknown[]) =>
      failed({
        message: 'An error had no answer',
        errors: messages.map((message) =>
          expect.objectContaining({ message }),
        ),
      });
    expect(app.lines).toEqual([
      aggregate('a bug', 'the first error'),
      aggregate(expect.stringMatching('Invalid character'), 'x'),
    ]);
    await using plain = await listen((request, response) =>
      answerErrors(log)(lost, request, response, () => {}),
    );
    expect((await ask(`${plain.url}/a?token=1`)).body).toEqual(
      INTERNAL,
    );
    const router = express.Router().use(fail, answerErrors(log));
    await using mounted = await serve(() => {}, {
      add: (app) => app.use('/v1', router),
    });
    expect((await ask(`${mounted.url}/v1/b?`)).body).toEqual(INTERNAL);
    expect(log.lines.map(({ details }) => details.path)).toEqual([
      '/a',
      '/v1/b',
    ]);
    const page = { headers: { 'content-type': 'text/html' } };
    await using typed = await serve(() => {
      throw new HttpProblem(404, 'a', '<b>', page);
    });
    const answer = await ask(typed.url);
    expect(answer.headers.get('content-type')).toMatch('problem+json');
    expect(answer.body.code).toBe('a');
  },
);

failure(
  'A promise that nobody awaits is rejected, or an event handler throws',
  {
    symptom:
      'One line, `process ends`; requests under way are answered, and the process ends with code 1',
    defence: 'end-on-crash',
    remains:
      'A loop that never ends runs no timer: the supervisor needs a liveness probe',
  },
  async () => {
    const crash = async (environment: Record<string, string>) => {
      const { code, output, errors } = await runProgram(
        CRASH,
        environment,
      );
      const [line = '', ...rest] = output.trim().split('\n');
      return { code, errors, line: JSON.parse(line), rest };
    };

    const [rejected, thrown, nothing, mute, stuck, longest] =
      await Promise.all([
        crash({ HOW: 'reject', STOP: 'answers' }),
        crash({ HOW: 'throw', STOP: 'answers' }),
        crash({ HOW: 'rejectNull', STOP: 'throws' }),
        crash({ HOW: 'throw', STOP: 'answers', LOG: 'throws' }),
        crash({ HOW: 'throw', STOP: 'hangs', GRACE: '1' }),
        crash({ HOW: 'reject', STOP: 'answers', GRACE: '300' }),
      ]);

    const all = [rejected, thrown, nothing, mute, stuck, longest];
    for (const { code, errors } of all)
      expect({ code, errors }).toEqual({ code: 1, errors: '' });
    const uncaught = {
      message: 'process ends',
      origin: 'uncaughtException',
      error: 'first',
    };
    const unhandled = { ...uncaught, origin: 'unhandledRejection' };
    for (const { line } of [thrown, mute, stuck])
      expect(line).toEqual(uncaught);
    for (const { line } of [rejected, longest])
      expect(line).toEqual(unhandled);
    for (const { rest } of [rejected, thrown, mute, longest])
      expect(rest).toEqual(['answered']);
    expect(nothing.line.error).toContain('null');
    expect(stuck.rest).toEqual([]);
    const log = createTestLog();
    for (const graceSeconds of [0, -1, 301, Number.NaN])
      expect(() =>
        endOnCrash({ log, stop() {}, graceSeconds }),
      ).toThrow('graceSeconds is not between 0 and 300');

    // Here, `process.exit` is the one of Vitest, which throws.
    const before = process.listeners('uncaughtException');
    endOnCrash({ log, stop() {}, graceSeconds: 300 });
    const [end = fail] = process
      .listeners('uncaughtException')
      .filter((listener) => !before.includes(listener));
    process.off('uncaughtException', end);
    const error = new Error('here');
    const origin = 'uncaughtException';
    await expect(end(error, origin)).rejects.toThrow('exit');
    await end(error, origin);
    const details = { origin, error };
    expect(log.lines).toEqual([
      { level: 'error', message: 'process ends', details },
    ]);
  },
);

/** The line of a log with an error that has these fields. */
const failed = (error: object) => ({
  level: 'error',
  message: 'request failed',
  details: expect.objectContaining({
    error: expect.objectContaining(error),
  }),
});

type Serving = Awaited<ReturnType<typeof serve>>;

/** Sends half of a request, and is gone once the server has it. */
async function leave({ url, server }: Serving, path: string) {
  const arrived = once(server, 'request');
  const headers = {
    'content-type': 'application/json',
    'content-length': 9,
  };
  const client = request(url + path, { method: 'POST', headers });
  client.on('error', () => {}).write('half');
  await arrived;
  client.destroy();
}

/** The error that this one caused, so many steps away. */
const nest = (cause: unknown, steps: number): unknown =>
  steps === 0 ? cause : nest(new Error('x', { cause }), steps - 1);

async function drain(stream: AsyncIterable<unknown>) {
  for await (const _ of stream);
}

async function* breakOff() {
  yield LONG;
  // A deadline of ours, which is not the client's leaving.
  throw AbortSignal.abort().reason;
}

function fail() {
  throw new Error('a bug');
}

function refuse() {
  throw new Error('the secret is hunter2');
}
