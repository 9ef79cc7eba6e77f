import {
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
} from 'pg';
import { PoolError } from './pool-error.ts';
import { watchConnection } from './watch-connection.ts';

type Guards = {
  maxWaiting: number;
  answerTimeoutMs: number;
  heldTooLongMs: number;
  endTimeoutMs: number;
  log: { warn: (message: string, details: object) => void };
};

type Watched = ReturnType<typeof watchConnection>;

type OnConnect = Parameters<Pool['connect']>[0];

/** A pool of pg in which nothing waits for ever; made by `createPool`. */
export class GuardedPool extends Pool {
  readonly #guards: Guards;
  /** How many callers met a full queue: a counter for your metrics. */
  refused = 0;
  readonly #open = new Map<PoolClient, Watched>();
  readonly #lent = new Set<PoolClient>();
  readonly #waiting = new Set<(error: Error) => void>();
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

  // #region bounded-queue
  override connect(callback?: OnConnect): Promise<PoolClient> {
    // `pool.query` passes a callback, and cannot leak.
    if (!callback) return this.#take(new Error('taken here'));
    const taking = this.#take();
    taking.then(
      (client) => callback(undefined, client, client.release),
      (error) => callback(error, undefined, ignore),
    );
    return taking;
  }

  #take(taken?: Error): Promise<PoolClient> {
    if (this.ending) return Promise.reject(new PoolError('ended'));
    const callers = this.#lent.size + this.#waiting.size;
    if (callers >= this.options.max + this.#guards.maxWaiting) {
      this.refused += 1;
      return Promise.reject(new PoolError('queue_full'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      super.connect((error, client) => {
        this.#waiting.delete(reject);
        if (!client) reject(new PoolError('no_connection', error));
        else if (this.ending) this.#lend(client).release(true);
        else resolve(this.#lend(client, taken));
      });
    });
  }
  // #endregion bounded-queue

  #watch(client: PoolClient): Watched {
    const watched = watchConnection(client, {
      afterMs: this.#guards.answerTimeoutMs,
      onSilence: () => {
        // Those that are idle have gone the same way.
        for (const [other, { socket }] of this.#open)
          if (!this.#lent.has(other)) socket.destroy();
        watched.socket.destroy(new PoolError('no_answer'));
      },
    });
    this.#open.set(client, watched);
    client.once('end', () => this.#open.delete(client));
    client.on('error', ignore);
    client.once('error', (error: Error & { code?: unknown }) => {
      // Not the error itself: pg hangs the client with its settings on it.
      const { code, message } = error;
      this.#guards.log.warn('a connection is lost', { code, message });
    });
    return watched;
  }

  // #region lend
  #lend(client: PoolClient, taken?: Error): PoolClient {
    const { heldTooLongMs, log } = this.#guards;
    const watched = this.#open.get(client) ?? this.#watch(client);
    const returnToPg = client.release;
    const takenAt = taken?.stack;
    const overdue =
      taken &&
      setTimeout(() => {
        log.warn('a client is not released', { takenAt });
      }, heldTooLongMs);
    let isHeld = true;

    const giveBack = (failed?: Error | boolean) => {
      clearTimeout(overdue);
      client.off('end', reclaim);
      this.#lent.delete(client);
      const isBusy =
        watched.isUnanswered() || client.getTransactionStatus() !== 'I';
      if (isBusy && !failed && !watched.socket.destroyed)
        log.warn('a client is released while busy', { takenAt });
      const isBroken = failed && !(failed instanceof DatabaseError);
      const isLost = isBusy || isBroken || watched.isSpoilt;
      returnToPg(isLost);
      // A server that is gone would never answer the goodbye.
      if (isLost) watched.socket.destroy();
    };
    // Its holder may never release it, or do so later.
    const reclaim = () => {
      isHeld = false;
      giveBack();
    };
    const release = (failed?: Error | boolean) => {
      if (!isHeld) return;
      isHeld = false;
      if (!watched.isFailing) return giveBack(failed);
      // After its error, Postgres has yet to say that it is ready.
      client.connection.once('readyForQuery', () => giveBack(failed));
    };

    this.#lent.add(client);
    client.once('end', reclaim);
    client.release = release;
    return client;
  }
  // #endregion lend

  // #region end
  override end(callback?: () => void): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended.then(callback);
  }

  async #end() {
    const { endTimeoutMs, log } = this.#guards;
    for (const reject of this.#waiting) reject(new PoolError('ended'));
    const deadline = setTimeout(() => {
      log.warn('connections are cut off', { inUse: this.#lent.size });
      for (const { socket } of this.#open.values()) socket.destroy();
    }, endTimeoutMs);
    await super.end();
    await Promise.all([...this.#open.keys()].map(untilEnd));
    clearTimeout(deadline);
  }
  // #endregion end
}

function untilEnd(client: PoolClient): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve));
}

function ignore() {}
