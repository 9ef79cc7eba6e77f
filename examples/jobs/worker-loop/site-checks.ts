import type { Pool } from 'pg';
import { CutOffError } from './cut-off-error.ts';
import type { Ended } from './start-worker.ts';

/** A site that a worker asks; the number of the claim is its fencing token. */
export type Check = {
  id: string;
  url: string;
  claims: number;
  answer?: string;
};

/** What the operator sees of a site. */
export type Site = {
  url: string;
  answer: string | null;
  checkedAt: Date | null;
};

/** Sites that are asked once a minute whether they answer. */
export function createSiteChecks({ pool }: { pool: Pool }) {
  /** The worker asks it at once. */
  async function add(url: string) {
    await pool.query(
      `with added as (
         insert into sites (url)
         values ($1)
         on conflict do nothing
         returning id
       )
       select pg_notify('sites', '') from added`,
      [url],
    );
  }

  async function list(): Promise<Site[]> {
    const { rows } = await pool.query<Site>(
      `select url, answer, checked_at as "checkedAt"
       from sites
       order by url`,
    );
    return rows;
  }

  // #region claim-and-work
  async function claim(limit: number) {
    // The lease: longer than the time limit of a check.
    const { rows } = await pool.query<Check>(
      `update sites
       set due_at = now() + interval '30 s',
           claims = claims + 1
       where id = any (array(
         select id from sites
         where due_at <= now()
         order by due_at
         limit $1
         for update skip locked
       ))
       returning id, url, claims`,
      [limit],
    );
    return rows;
  }

  async function work(check: Check, signal: AbortSignal) {
    const response = await fetch(check.url, { signal });
    await response.body?.cancel();
    check.answer = `${response.status}`;
  }
  // #endregion claim-and-work

  // #region settle
  async function settle(batch: Ended<Check>[]) {
    await pool.query(
      `update sites
       set due_at = now() + "pauseSeconds" * interval '1 s',
           answer = coalesce(ended.answer, sites.answer),
           checked_at = case when ended.answer is null
             then checked_at else now() end
       from jsonb_to_recordset($1) as ended (
         id bigint, claims int, answer text, "pauseSeconds" int
       )
       where sites.id = ended.id and sites.claims = ended.claims`,
      [JSON.stringify(batch.map(judge))],
    );
  }

  function judge({
    item: { id, claims, answer },
    result,
  }: Ended<Check>) {
    if (result.status === 'fulfilled')
      return { id, claims, answer, pauseSeconds: 60 };
    const { reason } = result;
    const isCut = reason instanceof CutOffError;
    // Another worker may go on with it.
    if (isCut && reason.code === 'stopped')
      return { id, claims, pauseSeconds: 0 };
    const failed = isCut ? reason.code : 'unreachable';
    return { id, claims, answer: failed, pauseSeconds: 60 };
  }
  // #endregion settle

  return { add, list, claim, work, settle };
}
