/** What an enqueuer says of a job; of two with one key, one waits. */
export type NewJob = {
  kind: string;
  payload: unknown;
  uniqueKey?: string;
  /** 0 runs first, 9 last. */
  priority?: number;
  delaySeconds?: number;
  maxAttempts?: number;
};

/** A job that a worker holds; the attempt is its fencing token. */
export type Job = {
  id: string;
  kind: string;
  payload: unknown;
  attempt: number;
  maxAttempts: number;
  /** Its row went with the transaction of the handler. */
  completed?: boolean;
};

/** How an attempt ended: without an error it is done, without a retry it is dead. */
export type Outcome = Pick<Job, 'id' | 'attempt'> & {
  error?: string;
  retrySeconds?: number;
  /** The attempt does not count: the worker had to stop. */
  spared?: boolean;
};

/** Where a worker says what an operator should know. */
export type Log = Record<
  'warn' | 'error',
  (message: string, details: object) => void
>;
