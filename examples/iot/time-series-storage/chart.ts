import { readFileSync } from 'node:fs';
import { Router } from 'express';

const FILES = [
  { path: '/', file: 'chart.html', type: 'html' },
  { path: '/chart.js', file: 'chart.js', type: 'js' },
  { path: '/draw-chart.js', file: 'draw-chart.js', type: 'js' },
  { path: '/chart.css', file: 'chart.css', type: 'css' },
];

/** Nothing but our own four files, and requests to where they are from. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the chart page under a strict content security policy. */
export function serveChart(): Router {
  const router = Router();
  for (const { path, file, type } of FILES) {
    const content = readFileSync(new URL(file, import.meta.url));
    router.get(path, (_request, response) => {
      response
        .set('content-security-policy', POLICY)
        .set('x-content-type-options', 'nosniff')
        .type(type)
        .send(content);
    });
  }
  return router;
}
