import { Socket } from 'node:net';
import {
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
} from 'pg';
import { PoolError } from './pool-error.ts';

type Guards = {
  maxWaiting: number;
  answerTimeoutMs: number;
  heldTooLongMs: number;
  endTimeoutMs: number;
  log: { warn: (message: string, details: object) => void };
};

type OnConnect = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (failed?: Error | boolean) => void,
) => void;

/** A pool of pg in which nothing waits for ever; made by `createPool`. */
export class GuardedPool extends Pool {
  readonly #guards: Guards;
  readonly #open = new Set<PoolClient>();
  readonly #lent = new Set<PoolClient>();
  readonly #answered = new WeakMap<PoolClient, number>();
  readonly #waiters = new Set<(error: Error) => void>();
  #refused = 0;
  #ended: Promise<void> | undefined;

  constructor(settings: PoolConfig, guards: Guards) {
    super(settings);
    this.#guards = guards;
    this.on('connect', (client) => this.#watch(client));
    // Without a listener, an idle connection that breaks ends the process.
    this.on('error', ignore);
  }

  get answerTimeoutMs(): number {
    return this.#guards.answerTimeoutMs;
  }

  /** For gauges; `refused` only grows. */
  read() {
    const { totalCount: total, idleCount: idle, waitingCount } = this;
    return {
      max: this.options.max,
      total,
      idle,
      inUse: this.#lent.size,
      waiting: waitingCount,
      refused: this.#refused,
    };
  }

  // #region bounded-queue
  override connect(): Promise<PoolClient>;
  override connect(callback: OnConnect): void;
  override connect(
    callback?: OnConnect,
  ): Promise<PoolClient> | undefined {
    // `pool.query` passes a callback, and cannot leak.
    if (!callback) return this.#take(new Error('taken here'));
    this.#take().then(
      (client) => callback(undefined, client, client.release),
      (error) => callback(error, undefined, ignore),
    );
    return undefined;
  }

  #take(taken?: Error): Promise<PoolClient> {
    if (this.ending) return Promise.reject(new PoolError('ended'));
    const busy = this.totalCount - this.idleCount + this.waitingCount;
    if (busy >= this.options.max + this.#guards.maxWaiting) {
      this.#refused += 1;
      return Promise.reject(new PoolError('queue_full'));
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add(reject);
      super.connect((error, client) => {
        this.#waiters.delete(reject);
        if (!client) reject(new PoolError('no_connection', error));
        else if (this.ending) client.release();
        else resolve(this.#lend(client, taken));
      });
    });
  }
  // #endregion bounded-queue

  // #region fall-silent
  #watch(client: PoolClient) {
    const { connection } = client;
    const socket = socketOf(client);
    const note = () => this.#answered.set(client, socket.bytesWritten);
    note();
    // Before pg's own listener, which sends the next query.
    connection.prependListener('readyForQuery', note);
    this.#open.add(client);
    client.once('end', () => this.#open.delete(client));
    client.once('error', (error) => this.#logLost(error));
    client.on('error', ignore);
    socket.setTimeout(this.#guards.answerTimeoutMs, () => {
      if (!this.#isUnanswered(client)) return;
      // Those that are idle have gone the same way.
      for (const other of this.#open)
        if (!this.#lent.has(other)) socketOf(other).destroy();
      socket.destroy(new PoolError('no_answer'));
    });
  }

  /** Whether something was sent since Postgres last was ready. */
  #isUnanswered(client: PoolClient): boolean {
    return socketOf(client).bytesWritten !== this.#answered.get(client);
  }
  // #endregion fall-silent

  // #region lend
  #lend(client: PoolClient, taken?: Error): PoolClient {
    const { heldTooLongMs, log } = this.#guards;
    const giveBack = client.release;
    const watch = setTimeout(() => {
      log.warn('a client is not released', { takenAt: taken?.stack });
    }, heldTooLongMs);

    const release = (failed?: Error | boolean) => {
      const isUnanswered = this.#isUnanswered(client);
      const isRefused = failed instanceof DatabaseError;
      // The connection is good again once Postgres says that it is ready.
      if (isRefused && isUnanswered) {
        client.connection.once('readyForQuery', () => release());
        return;
      }
      clearTimeout(watch);
      client.off('end', reclaim);
      this.#lent.delete(client);
      const isBusy =
        isUnanswered || client.getTransactionStatus() !== 'I';
      if (isBusy && !failed)
        log.warn('a client is released while busy', {
          takenAt: taken?.stack,
        });
      const isLost = isBusy || Boolean(failed && !isRefused);
      giveBack(isLost);
      // A server that is gone would never answer the goodbye.
      if (isLost) socketOf(client).destroy();
    };
    // Its holder may never release it.
    const reclaim = () => {
      release(true);
      client.release = ignore;
    };

    this.#lent.add(client);
    client.once('end', reclaim);
    client.release = release;
    return client;
  }
  // #endregion lend

  // #region end
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended.then(callback);
  }

  async #end() {
    const { endTimeoutMs, log } = this.#guards;
    for (const reject of this.#waiters) reject(new PoolError('ended'));
    const deadline = setTimeout(() => {
      log.warn('connections are cut off', { inUse: this.#lent.size });
      for (const client of this.#open) socketOf(client).destroy();
    }, endTimeoutMs);
    await super.end();
    for (const client of this.#open) await untilEnd(client);
    clearTimeout(deadline);
  }
  // #endregion end

  #logLost(error: Error & { code?: unknown }) {
    // Not the error itself: pg hangs the client with its settings on it.
    const { code, message } = error;
    this.#guards.log.warn('a connection is lost', { code, message });
  }
}

function socketOf(client: PoolClient): Socket {
  const { stream } = client.connection;
  if (stream instanceof Socket) return stream;
  throw new TypeError('a pool needs connections over sockets');
}

function untilEnd(client: PoolClient): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve));
}

function ignore() {}
