import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { failure } from '@touchstone/kit/failure';
import { listen } from '@touchstone/kit/http';
import { runProgram } from '@touchstone/kit/program';
import { waitUntil } from '@touchstone/kit/wait';
import express from 'express';
import { expect } from 'vitest';
import { answerErrors, refuseMethod } from './answer-errors.ts';
import { describeError } from './describe-error.ts';
import { endOnCrash } from './end-on-crash.ts';
import { HttpProblem } from './http-problem.ts';
import { ask, createTestLog, serve } from './test-client.ts';

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
      '500 `internal_error`, and nothing else; the log has it all',
    defence: 'to-answer',
    remains: 'The message is in the log: do not write secrets into it',
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
          error: [
            {
              name: 'Error',
              message: 'no such table: members',
              code: 'ERR_SQLITE_ERROR',
              stack: expect.stringContaining('failures.test.ts'),
            },
          ],
        },
      },
      failed({ message: text }, { message: 'ECONNREFUSED' }),
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
      'An error that says `expose: true` is believed; http-errors and body parsers set it',
  },
  async () => {
    const thrown: Record<string, object> = {
      sdk: { status: 401, code: 'invalid_api_key' },
      odd: { status: 200, expose: true },
      high: { status: 600, expose: true },
      text: { status: '404', expose: true },
      half: { status: 404, expose: 'yes' },
      part: { expose: true },
      most: { status: 599, expose: true, code: 'Not_Mine' },
      least: { status: 400, expose: true, code: 'quota_2', errors: [] },
      quiet: { status: 409, expose: false },
      ours: { status: 500, expose: false },
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
    expect(await get('most')).toMatchObject({
      title: 'Error',
      status: 599,
      code: 'error',
    });
    expect(await get('quiet')).toEqual({
      title: 'Conflict',
      status: 409,
      code: 'conflict',
    });
  },
);

failure(
  'A body cannot be parsed, and the parser quotes it',
  {
    symptom: '400 `invalid_body` without a word of the body',
    defence: 'parser-errors',
    remains:
      'Messages of your own validation: leave the value out of them',
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
      code: 'invalid_body',
      detail: 'The body cannot be parsed',
    });
    expect((await post('{}', '/signed')).body).toEqual({
      title: 'Forbidden',
      status: 403,
      code: 'refused_body',
      detail: 'The body was not accepted',
    });
    expect((await post(JSON.stringify('x'.repeat(30)))).body).toEqual({
      title: 'Payload Too Large',
      status: 413,
      code: 'body_too_large',
      detail: 'Send a smaller body',
    });
    const latin = await post(
      '{}',
      '/',
      'application/json; charset=latin1',
    );
    expect(latin.body).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
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
  'A handler fails in the middle of its answer',
  {
    symptom:
      'The client gets `terminated`, not half an answer as a whole one; the log has `answer broke off`',
    defence: 'answer-errors',
    remains:
      'The status was 200: count this line of the log as a failure',
  },
  async () => {
    const seen = Promise.withResolvers<void>();
    await using app = await serve(async (request, response) => {
      if (request.query.pipe) await pipeline(breakOff, response);
      response.write('half');
      if (request.query.end) response.end(LONG);
      else await seen.promise;
      throw new HttpProblem(409, 'late', 'a row is broken');
    });

    const broken = await fetch(app.url);
    expect(broken.status).toBe(200);
    seen.resolve();
    await expect(broken.text()).rejects.toThrow('terminated');
    const whole = await ask(`${app.url}?end=1`);

    const piped = await fetch(`${app.url}?pipe=1`);
    await expect(piped.text()).rejects.toThrow('terminated');

    expect(whole.text).toBe(`half${LONG}`);
    const line = { level: 'error', message: 'answer broke off' };
    expect(app.lines).toEqual([
      { ...line, details: expect.objectContaining({ path: '/' }) },
      { ...line, details: expect.anything() },
      { ...line, details: expect.anything() },
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
    const coded = (code: string) =>
      Object.assign(new Error('x'), { code });
    const theirs: Record<string, (error?: unknown) => unknown> = {
      json: () => {},
      reading: (error) => error,
      abort: () => reason,
      deep: () => new Error('x', { cause: reason }),
      a: () => coded('ECONNABORTED'),
      b: () => coded('ERR_STREAM_PREMATURE_CLOSE'),
      c: () => coded('ERR_STREAM_DESTROYED'),
      d: () => coded('ERR_STREAM_UNABLE_TO_PIPE'),
    };
    const ours: typeof theirs = {
      outage: () => coded('ECONNREFUSED'),
      value: () => 'ECONNABORTED',
      problem: () => new HttpProblem(500, 'no_luck', 'x'),
    };
    const silent = () => new HttpProblem(409, 'taken', 'x');
    const all: typeof theirs = { silent, ...theirs, ...ours };
    await using app = await serve(() => {}, {
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
  },
);

failure(
  'What is thrown is not an Error, or its causes form a cycle',
  {
    symptom:
      '500 `internal_error`, and one bounded line in the log, without the rows and headers that drivers add',
    defence: 'describe-error',
    remains:
      'For Express, `throw null` in a handler that is not async is no error: it answers 404',
  },
  async () => {
    const last = new Error('c');
    const middle = new Error('b', { cause: last });
    const cycle = new Error('a', { cause: middle });
    last.cause = cycle;
    const driver = Object.assign(new Error('x'.repeat(9_000)), {
      code: { password: 'hunter2' },
      row: { password: 'hunter2' },
    });
    const long = Object.assign(new Error('long'), {
      name: 'n'.repeat(9_000),
      code: 'c'.repeat(9_000),
    });
    const many = new AggregateError(
      Array.from({ length: 99 }, () => new Error()),
    );
    const unreadable = Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('no');
      },
    });
    const thrown = [
      'text',
      7,
      { password: 'hunter2' },
      () => 'hunter2',
      null,
      undefined,
    ];
    const thrownErrors = [cycle, driver, long, many, unreadable];
    await using app = await serve(async (request) => {
      throw [...thrown, ...thrownErrors][Number(request.query.index)];
    });

    for (const index of [...thrown, ...thrownErrors].keys()) {
      const { body } = await ask(`${app.url}?index=${index}`);
      expect(body).toEqual(INTERNAL);
    }

    expect(JSON.stringify(app.lines)).not.toContain('hunter2');
    const logged = app.lines.map(({ details }) => details.error ?? []);
    const notAnError = (message: string) => [
      { name: 'not an Error', message },
    ];
    expect(logged.slice(0, 4)).toEqual([
      notAnError('text'),
      notAnError('7'),
      notAnError('a value of type object'),
      notAnError('a value of type function'),
    ]);
    expect(logged.slice(6)).toEqual([
      [
        expect.objectContaining({ message: 'a' }),
        expect.objectContaining({ message: 'b' }),
        expect.objectContaining({ message: 'c' }),
      ],
      [
        {
          name: 'Error',
          message: 'x'.repeat(4_000),
          stack: expect.stringMatching(/^.{4000}$/s),
        },
      ],
      [
        expect.objectContaining({
          name: 'n'.repeat(4_000),
          code: 'c'.repeat(4_000),
        }),
      ],
      Array.from({ length: 8 }, () => expect.anything()),
      [{ name: 'unreadable', message: 'it cannot be read' }],
    ]);
    expect(describeError(null)).toEqual(notAnError('null'));
    expect(
      describeError(Object.assign(new Error(), { stack: '' })),
    ).toEqual([{ name: 'Error', message: '' }]);
  },
);

failure(
  'The handler had already set headers for the answer that failed',
  {
    symptom:
      'The problem has `cache-control: no-store`, and no cache keeps it',
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
    };
    await using app = await serve((_request, response) => {
      response.set(stale).set('vary', 'origin');
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
      vary: 'origin',
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
      'A route without `refuseMethod` answers other methods with 404',
  },
  async () => {
    const thrown: Record<string, HttpProblem> = {
      who: new HttpProblem(401, 'no_token', 'Log in'),
      role: new HttpProblem(401, 'old_token', 'Refresh', {
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      }),
      when: new HttpProblem(503, 'full', 'x', {
        retryAfterSeconds: 1.2,
      }),
      now: new HttpProblem(429, 'slower', 'x', {
        retryAfterSeconds: 0,
      }),
      past: new HttpProblem(503, 'full', 'x', {
        retryAfterSeconds: -1,
      }),
      where: new HttpProblem(400, 'invalid_request', 'x', {
        errors: [{ pointer: '/a~1b', detail: 'not a number' }],
      }),
    };
    await using app = await serve(
      (request, response) => {
        const { what } = request.query;
        if (what) throw thrown[`${what}`];
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
    expect((await get('now')).headers.get('retry-after')).toBe('0');
    const where = await get('where');
    expect(where.headers.get('www-authenticate')).toBeNull();
    expect(where.body).toMatchObject({
      errors: [{ pointer: '/a~1b', detail: 'not a number' }],
    });
    expect(app.lines).toEqual([]);
    expect((await get('past')).headers.get('retry-after')).toBeNull();
    expect(app.lines).toHaveLength(1);
  },
);

failure(
  'The answer to an error fails itself',
  {
    symptom:
      '500 `internal_error`; the log has `An error had no answer` and both errors',
    defence: 'answer-errors',
    remains: 'A log that throws ends the connection',
  },
  async () => {
    const lost = new Error('the first error');
    const log = createTestLog();
    const header = { 'x-reason': 'a\r\nset-cookie: admin=1' };
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

    expect(app.lines.map(({ details }) => details.error)).toEqual(
      [
        ['a bug', 'the first error'],
        [/Invalid character/, 'x'],
      ].map((messages) =>
        ['An error had no answer', ...messages].map((message) =>
          expect.objectContaining({
            message: expect.stringMatching(message),
          }),
        ),
      ),
    );
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
    expect(new HttpProblem(404, 'a', 'x').code).toBe('a');
    const never: [number, string][] = [
      [399, 'a'],
      [600, 'a'],
      [404.5, 'a'],
      [404, 'A'],
      [404, 'a-b'],
    ];
    for (const [status, code] of never)
      expect(() => new HttpProblem(status, code, 'x')).toThrow(
        RangeError,
      );
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
      const started = performance.now();
      const { code, output, errors } = await runProgram(
        CRASH,
        environment,
      );
      const seconds = (performance.now() - started) / 1000;
      const [line = '', ...rest] = output.trim().split('\n');
      return { code, seconds, errors, line: JSON.parse(line), rest };
    };
    const codes: number[] = [];
    const program = Object.assign(new EventEmitter(), {
      exit: (code: number) => codes.push(code),
    });
    const log = createTestLog();
    endOnCrash({ log, stop() {}, graceSeconds: 0.01, program });
    program.emit('unhandledRejection', 'text');
    program.emit('uncaughtException', 'more', 'uncaughtException');
    await waitUntil('both ways lead out', () => codes.length === 2);
    expect(codes).toEqual([1, 1]);
    expect(log.lines).toHaveLength(1);
    const deaf = { log: { error: fail }, stop() {}, program };
    endOnCrash(deaf);
    program.emit('uncaughtException', 'text', 'uncaughtException');
    await new Promise(setImmediate);
    expect(codes).toHaveLength(3); // now, and not after its grace
    for (const graceSeconds of [0, -1, 301, Number.NaN])
      expect(() => endOnCrash({ ...deaf, graceSeconds })).toThrow(
        'graceSeconds is not between 0 and 300',
      );

    const first = [expect.objectContaining({ message: 'first' })];
    const [rejected, thrown, nothing, mute, stuck, late, longest] =
      await Promise.all([
        crash({ HOW: 'reject', STOP: 'answers' }),
        crash({ HOW: 'throw', STOP: 'answers' }),
        crash({ HOW: 'rejectNull', STOP: 'throws' }),
        crash({ HOW: 'throw', STOP: 'answers', LOG: 'throws' }),
        crash({ HOW: 'throw', STOP: 'hangs', GRACE: '0.1' }),
        crash({ HOW: 'throw', STOP: 'hangs' }),
        crash({ HOW: 'reject', STOP: 'answers', GRACE: '300' }),
      ]);

    for (const { code, errors } of [
      rejected,
      thrown,
      nothing,
      mute,
      stuck,
      late,
    ])
      expect({ code, errors }).toEqual({ code: 1, errors: '' });
    const message = 'process ends';
    const uncaught = {
      message,
      origin: 'uncaughtException',
      error: first,
    };
    expect(rejected.line).toEqual({
      ...uncaught,
      origin: 'unhandledRejection',
    });
    for (const { line } of [thrown, mute, stuck])
      expect(line).toEqual(uncaught);
    for (const { rest } of [rejected, thrown, mute])
      expect(rest).toEqual(['answered']);
    expect(nothing.line.error).toEqual([
      { name: 'not an Error', message: 'null' },
    ]);
    expect(late.seconds).toBeGreaterThan(5);
    expect(longest.code).toBe(1);
  },
);

/** The line of a log with an error and its causes. */
const failed = (...errors: object[]) => ({
  level: 'error',
  message: 'request failed',
  details: expect.objectContaining({
    error: errors.map((error) => expect.objectContaining(error)),
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
