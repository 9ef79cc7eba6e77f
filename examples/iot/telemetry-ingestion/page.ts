import { Router } from 'express';

const FILES = {
  '/': 'page.html',
  '/page.js': 'page.js',
  '/page.css': 'page.css',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page that shows the latest readings; its policy allows only what is ours. */
export function createPage(): Router {
  const router = Router();
  for (const [path, file] of Object.entries(FILES))
    router.get(path, (_request, response) => {
      response.set('content-security-policy', POLICY);
      response.set('x-content-type-options', 'nosniff');
      response.sendFile(file, { root: import.meta.dirname });
    });
  return router;
}
