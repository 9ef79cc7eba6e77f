import express from 'express';
import {
  answerErrors,
  answerNotFound,
  refuseMethod,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import {
  appendEach,
  parseBatch,
  parseErasure,
  parseHistory,
  parseSearch,
  parseSensor,
} from './input.ts';
import type { Storage } from './storage.ts';

type Services = Omit<Storage, 'partitions'> & {
  log: Parameters<typeof answerErrors>[0];
};

/** Readings come in batches; latest values and histories go out. */
export function createApp(services: Services) {
  const { sensors, readings, rollUps, readHistory, log } = services;
  const app = express().disable('x-powered-by');

  app
    .route('/readings')
    .post(async (request, response) => {
      const { body } = await parseBatch(request);
      response.json(await appendEach(body.readings, readings.append));
    })
    .all(refuseMethod);

  app
    .route('/sensors')
    .get(async (request, response) => {
      const { query } = await parseSearch(request);
      response.json(await sensors.find(query.name));
    })
    .all(refuseMethod);

  app
    .route('/sensors/:name')
    .put(async (request, response) => {
      const { params } = await parseSensor(request);
      await sensors.register(params.name);
      response.status(204).end();
    })
    .all(refuseMethod);

  app
    .route('/sensors/:name/readings')
    .get(async (request, response) => {
      const { params, query } = await parseHistory(request);
      const sensorId = await requireSensor(params.name);
      response.json(await readHistory({ sensorId, ...query }));
    })
    .delete(async (request, response) => {
      const { params, query } = await parseErasure(request);
      const sensorId = await requireSensor(params.name);
      await rollUps.erase(sensorId, query.from, query.to);
      response.status(204).end();
    })
    .all(refuseMethod);

  async function requireSensor(name: string): Promise<number> {
    const [sensor] = await sensors.find([name]);
    if (sensor) return sensor.id;
    throw new HttpProblem(404, 'no_such_sensor', `No sensor ${name}`);
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}
