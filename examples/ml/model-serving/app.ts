import {
  answerErrors,
  answerNotFound,
} from '@touchstone/kit/app/problems';
import express, { type Response } from 'express';
import { answerDeadline } from './answer-deadline.ts';
import type { ModelPool } from './model-pool.ts';

type Services = {
  models: { current: () => ModelPool };
  /** A signal that ends a request's time: `AbortSignal.timeout`. */
  createDeadline: () => AbortSignal;
  log: { error: (message: string, details: object) => void };
};

/** Predictions of one model, each within its deadline. */
export function createApp({ models, createDeadline, log }: Services) {
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app.post('/predictions', async (request, response) => {
    // Once a request: the input is checked by the card of the model
    // that computes it, whatever is loaded meanwhile.
    const { card, input, predict } = models.current();
    const row = input.parse(request.body);
    const probabilities = await predict(row, endOf(response));
    response.json(describePrediction(card, probabilities));
  });

  app.get('/model', (_request, response) => {
    const { card, countWork } = models.current();
    const { name, version, features, labels } = card;
    const work = countWork();
    response.json({ name, version, features, labels, work });
  });

  /** Whichever is first: the deadline, or a client that is gone. */
  function endOf(response: Response): AbortSignal {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return AbortSignal.any([createDeadline(), gone.signal]);
  }

  app.use(answerNotFound, answerDeadline, answerErrors(log));
  return app;
}

function describePrediction(
  { version, labels }: ModelPool['card'],
  probabilities: Float32Array,
) {
  const entries = labels.map((label, index) => [
    label,
    Number(probabilities[index]?.toFixed(4)),
  ]);
  const highest = probabilities.indexOf(Math.max(...probabilities));
  return {
    label: labels[highest],
    probabilities: Object.fromEntries(entries),
    model: version,
  };
}
