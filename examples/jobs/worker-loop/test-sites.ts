import type { ServerResponse } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createSiteChecks } from './site-checks.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** An empty monitor, and sites to check: `/hangs` never answers, `/slow` when it is told to. */
export async function startTestSites() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SCHEMA }),
  );
  const requests: string[] = [];
  const slow: ServerResponse[] = [];
  const server = stack.use(
    await listen(
      (request, response) => {
        requests.push(`${request.url}`);
        if (request.url === '/slow') slow.push(response);
        else if (request.url === '/broken')
          response.writeHead(500).end();
        else if (request.url !== '/hangs')
          response.writeHead(204).end();
      },
      { graceSeconds: 0 },
    ),
  );
  const sites = createSiteChecks({ pool });

  return {
    pool,
    url,
    sites,
    site: server.url,
    add: (path: string) => sites.add(server.url + path),
    /** How often a site was asked. */
    count: (path: string) =>
      requests.filter((asked) => asked === path).length,
    answerSlow: () => {
      for (const response of slow.splice(0)) response.end();
    },
    async answerOf(path: string) {
      const all = await sites.list();
      return all.find(({ url }) => url === server.url + path)?.answer;
    },
    /** Leases and pauses come nearer, as so many seconds would bring them. */
    passTime: (seconds: number) =>
      pool.query(
        `update sites set due_at = due_at - make_interval(secs => $1)`,
        [seconds],
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
