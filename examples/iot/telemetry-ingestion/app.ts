import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { createDevices } from './devices.ts';
import { createReadings } from './readings.ts';

type Services = {
  pool: Pool;
  devices: ReturnType<typeof createDevices>;
  /** What the ingestion has counted so far. */
  readCounts: () => Record<string, number>;
  operatorToken: string;
  log: { error: (message: string, details: object) => void };
};

const deviceId = z.string().regex(/^[a-z0-9-]{1,40}$/);
const newDevice = z.strictObject({
  id: deviceId,
  isFront: z.boolean().default(false),
});
const series = z.object({
  id: deviceId,
  metric: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
});

/** What was measured, for everybody; devices and dead letters, for the operator. */
export function createApp(services: Services) {
  const { pool, devices, log } = services;
  const readings = createReadings({ pool });
  const app = express().disable('x-powered-by').use(express.json());
  const asOperator = requireToken(services.operatorToken);

  app.get('/readings/latest', async (_request, response) => {
    response.json(await readings.listLatest());
  });

  app.get('/devices/:id/:metric', async (request, response) => {
    const { id, metric } = series.parse(request.params);
    response.json(await readings.listRecent(id, metric));
  });

  app.post('/devices', asOperator, async (request, response) => {
    const { id, isFront } = newDevice.parse(request.body);
    const key = await devices.register(id, { isFront });
    if (!key) throw new HttpProblem(409, 'id_taken', 'Choose another');
    response.status(201).json({ id, key });
  });

  app.delete('/devices/:id', asOperator, async (request, response) => {
    const wasAlive = await devices.revoke(`${request.params.id}`);
    if (!wasAlive)
      throw new HttpProblem(404, 'not_found', 'No such device');
    response.status(204).end();
  });

  app.get('/dead-letters', asOperator, async (_request, response) => {
    response.json(await readings.listDeadLetters());
  });

  app.get('/counts', asOperator, (_request, response) => {
    response.json(services.readCounts());
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}

function requireToken(token: string): RequestHandler {
  const expected = digest(`Bearer ${token}`);
  return function checkToken(request, _response, next) {
    const given = digest(request.get('authorization') ?? '');
    if (!timingSafeEqual(given, expected))
      throw new HttpProblem(401, 'invalid_token', 'Send the token');
    next();
  };
}

/** Of equal length, as a comparison in constant time needs them. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
