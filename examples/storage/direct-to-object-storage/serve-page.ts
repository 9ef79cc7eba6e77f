import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import express, { type Router } from 'express';

const read = (name: string) =>
  readFileSync(new URL(name, import.meta.url), 'utf8');

const readScript = (name: string) =>
  transformSync(read(name), { loader: 'ts' }).code;

/** The web page: HTML, its style, and two modules without their types. */
export function servePage(storeOrigin: string): Router {
  const files = {
    '/': { type: 'html', text: read('page.html') },
    '/page.css': { type: 'css', text: read('page.css') },
    '/page.ts': { type: 'js', text: readScript('page.ts') },
    '/upload-file.ts': {
      type: 'js',
      text: readScript('upload-file.ts'),
    },
  };
  // It may speak to this server and the store, and to nobody else.
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
