/** What an enqueuer says of a job; of two with one kind and key, one waits. */
export type NewJob = {
  kind: string;
  /** At most 100,000 bytes as JSON. */
  payload?: unknown;
  uniqueKey?: string;
  delaySeconds?: number;
  /** Default: 20, over about six hours. */
  maxAttempts?: number;
};

/** A job that a worker holds; the attempt is its fencing token. */
export type Job = {
  id: string;
  kind: string;
  payload: unknown;
  attempt: number;
  maxAttempts: number;
  /** Its row goes with the transaction of the handler. */
  completed?: boolean;
};

/** How an attempt ended: without an error it is done, without a retry it is dead. */
export type Outcome = Pick<Job, 'id' | 'kind' | 'attempt'> & {
  error?: string;
  retrySeconds?: number;
  /** The attempt does not count: the worker is to blame. */
  spared?: boolean;
};

/** Where a worker writes what an operator should know. */
export type Log = Record<
  'warn' | 'error',
  (message: string, details: object) => void
>;
