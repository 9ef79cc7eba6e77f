import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import express, { type Router } from 'express';

const read = (file: URL) => readFileSync(file, 'utf8');

const toJavaScript = (file: URL) =>
  transformSync(read(file), { loader: 'ts' }).code;

const HTML = new URL('./page.html', import.meta.url);
const CSS = new URL('./page.css', import.meta.url);
const PAGE = new URL('./page.ts', import.meta.url);
const UPLOAD_FILE = new URL('./upload-file.ts', import.meta.url);

/** The web page: HTML, its style, and two modules without their types. */
export function servePage(storeOrigin: string): Router {
  const files = {
    '/': ['html', read(HTML)],
    '/page.css': ['css', read(CSS)],
    '/page.ts': ['js', toJavaScript(PAGE)],
    '/upload-file.ts': ['js', toJavaScript(UPLOAD_FILE)],
  };
  const policy = describePolicy(storeOrigin);
  const router = express.Router();
  for (const [path, [type = '', text]] of Object.entries(files))
    router.get(path, (_request, response) => {
      response.set('content-security-policy', policy);
      response.set('x-content-type-options', 'nosniff');
      response.type(type).send(text);
    });
  return router;
}

/** Scripts of this server only; it may speak to the server and the store. */
function describePolicy(storeOrigin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${storeOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
