import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import express, { type Router } from 'express';

const HTML = new URL('./page.html', import.meta.url);
const CSS = new URL('./page.css', import.meta.url);
const PAGE = new URL('./page.ts', import.meta.url);
const UPLOAD = new URL('./upload-file.ts', import.meta.url);

const read = (file: URL) => readFileSync(file, 'utf8');
const toScript = (file: URL) =>
  transformSync(read(file), { loader: 'ts' }).code;

/** The web page: HTML, its style, and two modules without their types. */
export function servePage(storeOrigin: string): Router {
  const files = {
    '/': { type: 'html', text: read(HTML) },
    '/page.css': { type: 'css', text: read(CSS) },
    '/page.ts': { type: 'js', text: toScript(PAGE) },
    '/upload-file.ts': { type: 'js', text: toScript(UPLOAD) },
  };
  // It may send to this server and the store, and to nobody else.
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${storeOrigin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const router = express.Router();
  for (const [path, { type, text }] of Object.entries(files))
    router.get(path, (_request, response) => {
      response.set('content-security-policy', policy);
      response.set('x-content-type-options', 'nosniff');
      response.type(type).send(text);
    });
  return router;
}
