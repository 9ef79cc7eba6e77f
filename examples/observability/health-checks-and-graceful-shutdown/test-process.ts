import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDrain } from './drain-server.ts';
import { type Health, startHealth } from './health.ts';
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
  health: Health = startHealth({ log: createTestLog() }),
) {
  const server = createServer({ keepAliveTimeout: 65_000 });
  const drain = createDrain(server);
  server.on('request', (request, response) => {
    if (!health.answer(request, response)) app(request, response);
  });
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
