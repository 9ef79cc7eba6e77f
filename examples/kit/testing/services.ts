import { startPostgres } from '../postgres/server.ts';

/** One Postgres for all test files of a run, gone afterwards; a server of your own is used as it is. */
export default async function startServices(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.DATABASE_URL) return undefined;
  const server = await startPostgres();
  process.env.TOUCHSTONE_POSTGRES = server.url;
  return async () => server[Symbol.asyncDispose]();
}
