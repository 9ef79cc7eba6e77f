import { EventEmitter, once } from 'node:events';
import {
  type Agent,
  createServer,
  type RequestListener,
  request,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDrain } from './drain-server.ts';
import { startHealth } from './health.ts';
import { prepareShutdown } from './shutdown.ts';

type Entry = { message: string; details: Record<string, unknown> };

/** A log that a test can read. */
export function createTestLog() {
  const entries: Entry[] = [];
  const note = (message: string, details: object) =>
    void entries.push({ message, details: { ...details } });
  return { entries, info: note, warn: note, error: note };
}

type Options = {
  noticeMs?: number;
  limitMs?: number;
  announce?: () => void;
};

/** A shutdown whose signals a test sends, and whose exit a test sees. */
export function createTestShutdown(options: Options = {}) {
  const {
    noticeMs = 0,
    limitMs = 60_000,
    announce = () => {},
  } = options;
  const signals = new EventEmitter();
  const log = createTestLog();
  const codes: number[] = [];
  const exited = Promise.withResolvers<number>();
  const shutdown = prepareShutdown({
    log,
    noticeMs,
    limitMs,
    announce,
    signals,
    exit(code) {
      codes.push(code);
      exited.resolve(code);
    },
  });
  const send = (signal: NodeJS.Signals) => void signals.emit(signal);
  return { ...shutdown, log, codes, exited: exited.promise, send };
}

/** A server that can be drained, with the probes before its app. */
export async function startTestServer(
  app: RequestListener = (_request, response) =>
    void response.end('app'),
  health = startHealth({ log: createTestLog() }),
) {
  const server = createServer(
    { keepAliveTimeout: 65_000 },
    (request, response) => {
      if (!health.answer(request, response)) app(request, response);
    },
  );
  const drain = createDrain(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function stop() {
    await drain.close(AbortSignal.abort());
  }
  const url = `http://127.0.0.1:${port}`;
  return { port, url, drain, server, [Symbol.asyncDispose]: stop };
}

/** A promise and what settles it. */
export function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** The statuses of `/livez`, `/startupz` and `/readyz`. */
export async function probe(url: string) {
  const paths = ['/livez', '/startupz', '/readyz'];
  return await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${url}${path}`);
      await response.arrayBuffer();
      return response.status;
    }),
  );
}

type Answer = { body: string; connection: string | undefined };

/** An answer and what it says of its connection. */
export function get(url: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ body, connection: response.headers.connection }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A check whose outcomes a test plays one by one. */
export function createScript() {
  let next = Promise.withResolvers<string>();
  let asked = createGate();

  async function check() {
    asked.open();
    const outcome = await next.promise;
    next = Promise.withResolvers();
    if (outcome === '-') throw new Error('scripted');
    if (outcome === '0') return Promise.reject();
    return outcome;
  }

  async function play(outcomes: string) {
    for (const outcome of outcomes) {
      await asked.opened;
      asked = createGate();
      next.resolve(outcome);
    }
    // The next call comes once the last outcome is noted.
    await asked.opened;
  }
  return { check, play };
}
