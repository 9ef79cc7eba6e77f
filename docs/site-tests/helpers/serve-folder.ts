import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.md': 'text/markdown; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};

/** A static server: where it listens, and how it ends. */
export type FolderServer = AsyncDisposable & { url: string };

/** Serves the files of a folder on a free port, with the headers that its `_headers` asks for, compressed as by any real host; `/` at the end of a path means index.html. */
export async function serveFolder(folder: string): Promise<FolderServer> {
  const headers = readHeaders(await readFile(join(folder, '_headers'), 'utf8'));
  const server = createServer(async function answer(request, response) {
    // The URL class takes every `..` out of the path.
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(pathname).replace(/\/$/, '/index.html');
    const body = await readFile(join(folder, path)).catch(() => undefined);
    const type = TYPES[extname(path)] ?? '';
    const isZipped = /text|json|javascript|xml/.test(type) && acceptsGzip(request);
    response.setHeaders(headers);
    if (isZipped) response.setHeader('content-encoding', 'gzip');
    response.writeHead(body ? 200 : 404, { 'content-type': type });
    response.end(body && isZipped ? gzipSync(body) : body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

function acceptsGzip({ headers }: IncomingMessage): boolean {
  return `${headers['accept-encoding']}`.includes('gzip');
}

/** The format of Netlify and Cloudflare Pages; all of ours are for every path. */
function readHeaders(text: string): Map<string, string> {
  const lines = [...text.matchAll(/^ +([\w-]+): (.+)$/gm)];
  return new Map(lines.map(([, name = '', value = '']) => [name, value]));
}
