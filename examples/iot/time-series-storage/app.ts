import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express from 'express';
import { serveChart } from './chart.ts';
import { batch, historyQuery, sensorParams } from './input.ts';
import type { Storage } from './storage.ts';

type Services = Pick<Storage, 'sensors' | 'readings' | 'history'> & {
  log: { error: (message: string, details: object) => void };
};

/** Readings come in batches; latest values, histories and a chart go out. */
export function createApp(services: Services) {
  const { sensors, readings, history, log } = services;
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '1mb' }));
  app.use(serveChart());

  app.get('/sensors', async (_request, response) => {
    response.json(await sensors.list());
  });

  app.put('/sensors/:name', async (request, response) => {
    const { name } = sensorParams.parse(request.params);
    await sensors.register(name);
    response.status(204).end();
  });

  app.post('/readings', async (request, response) => {
    const { readings: given } = batch.parse(request.body);
    response.status(201).json(await readings.append(given));
  });

  app.get('/sensors/:name/latest', async (request, response) => {
    const { latest } = await findSensor(request.params);
    if (!latest)
      throw new HttpProblem(404, 'no_reading', 'There is none yet');
    response.json(latest);
  });

  app.get('/sensors/:name/history', async (request, response) => {
    const query = historyQuery.parse(request.query);
    const { id } = await findSensor(request.params);
    response.json(await history.read({ sensorId: id, ...query }));
  });

  async function findSensor(params: unknown) {
    const { name } = sensorParams.parse(params);
    const found = await sensors.find(name);
    if (!found)
      throw new HttpProblem(404, 'no_such_sensor', `No sensor ${name}`);
    return found;
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}
