import type { Pool } from 'pg';

type Services = { pool: Pool; ask: (url: string) => Promise<string> };

/** The tempting way: a timer that asks one site after the other. */
export function startNaiveLoop({ pool, ask }: Services) {
  // #region naive-loop
  const timer = setInterval(async () => {
    const { rows } = await pool.query(
      `select id, url from sites
       where due_at <= now() order by id`,
    );
    for (const { id, url } of rows) {
      const answer = await ask(url);
      await pool.query(
        `update sites
         set due_at = now() + interval '1 minute', answer = $2
         where id = $1`,
        [id, answer],
      );
    }
  }, 100);
  // #endregion naive-loop
  return { stop: () => clearInterval(timer) };
}
