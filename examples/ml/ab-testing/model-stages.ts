import type { Pool } from 'pg';
import { ConflictError } from './conflict-error.ts';
import { type Command, type Plan, planStage } from './plan-stage.ts';

/** A row of the log: what runs since then, by whom and why. */
export type Stage = Plan & {
  revision: number;
  changedBy: string;
  reason: string;
};

/** A command for the stage that its sender has seen. */
export type Change = {
  command: Command;
  /** The revision that was seen; 0 when there was none. */
  seen: number;
  changedBy: string;
  reason: string;
};

const COLUMNS = `revision::int, stage, live, candidate, share,
  trial::int, changed_by as "changedBy", reason`;

/** The stages of a model: a log of which the newest row is what runs. */
export function createModelStages(options: {
  pool: Pool;
  model: string;
}) {
  const { pool, model } = options;

  /** The newest first. */
  async function list(limit = 100): Promise<Stage[]> {
    const { rows } = await pool.query<Stage>(
      `select ${COLUMNS}
       from model_stages
       where model = $1
       order by revision desc
       limit $2`,
      [model, limit],
    );
    return rows;
  }

  const current = async () => (await list(1))[0];

  // #region change
  /** Of all who saw the same stage, one changes it. */
  async function change(change: Change): Promise<Stage> {
    const { command, seen, changedBy, reason } = change;
    const now = await current();
    if (seen !== (now?.revision ?? 0)) throw hasChanged();
    const next = planStage(now, await findLiveBefore(now), command);
    if (!next) throw doesNotFit(now, command);
    const { stage, live, candidate, share, trial } = next;
    const { rows } = await pool.query<Stage>(
      `insert into model_stages
         (model, revision, stage, live, candidate, share, trial,
          changed_by, reason)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict do nothing
       returning ${COLUMNS}`,
      [model, seen + 1, stage, live, candidate, share, trial].concat(
        changedBy,
        reason,
      ),
    );
    // Somebody else was first, in this very moment.
    if (!rows[0]) throw hasChanged();
    return rows[0];
  }
  // #endregion change

  async function findLiveBefore(now: Stage | undefined) {
    const { rows } = await pool.query<{ live: string }>(
      `select live
       from model_stages
       where model = $1 and live <> $2
       order by revision desc
       limit 1`,
      [model, now?.live],
    );
    return rows[0]?.live;
  }

  return { current, list, change };
}

/** The stages of one model. */
export type ModelStages = ReturnType<typeof createModelStages>;

const hasChanged = () =>
  new ConflictError('stage_changed', 'Look again, then decide');

const doesNotFit = (now: Stage | undefined, { to }: Command) =>
  new ConflictError(
    'stage_refused',
    `There is no way from ${now?.stage ?? 'nothing'} to ${to}`,
  );
