import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import express from 'express';

/** The tempting way: what says that it is an image is one, and is served as it came. */
export function createNaiveApp(folder: string) {
  const app = express();

  // #region naive-upload
  const readImage = express.raw({ type: 'image/*', limit: '20mb' });

  app.put('/uploads/:name', readImage, async (request, response) => {
    const isImage = request.is('image/*');
    const file = join(folder, request.params.name);
    if (isImage) await writeFile(file, request.body);
    response.status(isImage ? 201 : 415).end();
  });

  app.use('/uploads', express.static(folder));
  // #endregion naive-upload

  app.get('/', (_request, response) => {
    response.cookie('session', 'ada').end('hello');
  });
  return app;
}
