import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { createApp } from './app.ts';
import { requireIsolation } from './isolation-gaps.ts';
import { REVIEWED } from './tenants.ts';

type Options = {
  databaseUrl: string;
  log: Parameters<typeof createApp>[0]['log'] &
    Parameters<typeof createPool>[0]['log'];
};

// #region wire
/** The app on a pool of its own; throws what is not kept apart. */
export async function openApp({ databaseUrl, log }: Options) {
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'projects',
    log,
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => pool.end());
  await requireIsolation(pool, REVIEWED);
  const all = stack.move();
  return {
    app: createApp({ pool, log }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
// #endregion wire
