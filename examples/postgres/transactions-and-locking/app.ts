import express, { type ErrorRequestHandler } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { createAccounts, Withdrawal } from './accounts.ts';

type Services = {
  accounts: ReturnType<typeof createAccounts>;
  /** Tells the owner: it cannot be taken back. */
  sendMail: (about: Withdrawal) => Promise<void>;
  log: { error: (message: string, details: object) => void };
};

const cents = z.int().positive().max(1_000_000_000);

const transferSchema = z
  .object({
    id: z.uuid(),
    sender: z.string().max(40),
    receiver: z.string().max(40),
    cents,
    note: z.string().max(140).default(''),
  })
  .refine(({ sender, receiver }) => sender !== receiver, {
    error: 'sender and receiver must differ',
  });

const withdrawalSchema = z.object({
  account: z.string().max(40),
  cents,
});

/** Accounts over HTTP; authentication comes before it. */
export function createApp({ accounts, sendMail, log }: Services) {
  const app = express().disable('x-powered-by').use(express.json());

  app.get('/accounts', async (_request, response) => {
    response.json(await accounts.list());
  });

  app.post('/transfers', async (request, response) => {
    const transfer = transferSchema.parse(request.body);
    const hangUp = new AbortController();
    response.on('close', () => hangUp.abort());
    const state = await accounts.transfer(transfer, hangUp.signal);
    response.status(201).json({ id: transfer.id, state });
  });

  // #region after-commit
  app.post('/withdrawals', async (request, response) => {
    const withdrawal = withdrawalSchema.parse(request.body);
    const left = await accounts.withdraw(withdrawal);
    // Inside the work it would be sent again by each retry.
    await sendMail(withdrawal);
    response.status(201).json({ left });
  });
  // #endregion after-commit

  app.use('/withdrawals', inviteRetry(NOTHING_DONE));
  // Its id makes a transfer safe to send again, whatever became of it.
  app.use(
    '/transfers',
    inviteRetry([...NOTHING_DONE, 'outcome_unknown']),
  );
  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}

const NOTHING_DONE = ['55P03', '40001', '40P01', 'timed_out'];

/** Answers 503 with Retry-After to failures that may not come again. */
function inviteRetry(codes: string[]): ErrorRequestHandler {
  return function answerTemporary(error, _request, _response, next) {
    if (!codes.includes(error?.code)) return next(error);
    next(
      new HttpProblem(503, 'try_again', error.message, {
        retryAfterSeconds: 1,
      }),
    );
  };
}
