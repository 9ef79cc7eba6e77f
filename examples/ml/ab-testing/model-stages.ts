import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { type Command, type Plan, planStage } from './plan-stage.ts';
import { TrialError } from './trial-error.ts';

/** What runs since a revision, by whom and why. */
export type Stage = Plan & {
  revision: number;
  changedBy: string;
  reason: string;
};

/** A command for the stage that its sender has seen. */
export type Change = {
  command: Command;
  /** The revision that was seen. */
  seen: number;
  changedBy: string;
  reason: string;
};

type ModelStagesOptions = {
  pool: Pool;
  model: string;
  /** Whether this server can ask a version. */
  isServed: (version: string) => boolean;
};

const LIMIT = { timeLimitMs: 5000 };

/** The stages of a model: a log, of which the newest row is what runs. */
export function createModelStages(options: ModelStagesOptions) {
  const { pool, model, isServed } = options;

  /** The newest stage; before there is one, it makes one in which `first` is live. */
  function begin(first: string): Promise<Stage> {
    return inTransaction(pool, LIMIT, async (tx) => {
      const plan = { live: first, earlier: [], trial: null };
      const change = {
        changedBy: 'server',
        reason: 'the first version',
      };
      const made = await insert(tx, {
        ...plan,
        ...change,
        revision: 1,
      });
      return made ?? (await readNewest(tx));
    });
  }

  const current = () => inTransaction(pool, LIMIT, readNewest);

  // #region change-the-stage
  /** Of all who saw the same stage, one changes it. */
  function change(wanted: Change): Promise<Stage> {
    const { command, seen, changedBy, reason } = wanted;
    return inTransaction(pool, LIMIT, async (tx) => {
      const now = await readNewest(tx);
      if (now.revision !== seen) throw new TrialError('stage_changed');
      const plan = planStage(now, command);
      if (!plan) throw new TrialError('stage_refused');
      await check(tx, plan);
      const revision = seen + 1;
      const row = { ...plan, revision, changedBy, reason };
      const made = await insert(tx, row);
      // Another server was first, in this very moment.
      if (!made) throw new TrialError('stage_changed');
      return made;
    });
  }
  // #endregion change-the-stage

  async function check(tx: Queryable, { live, trial }: Plan) {
    for (const version of [live, trial?.candidate ?? live])
      if (!isServed(version)) throw new TrialError('version_missing');
    if (!trial?.share) return;
    // Each trial of a version would spend alpha again.
    const { rowCount } = await tx.query(
      `select from model_stages
       where model = $1 and candidate = $2 and share > 0 and trial <> $3
       limit 1`,
      [model, trial.candidate, trial.number],
    );
    if (rowCount) throw new TrialError('version_tried');
  }

  async function readNewest(tx: Queryable): Promise<Stage> {
    const { rows } = await tx.query<Stage>(
      `select ${COLUMNS}
       from model_stages
       where model = $1
       order by revision desc
       limit 1`,
      [model],
    );
    if (!rows[0]) throw new TrialError('stage_changed');
    return rows[0];
  }

  async function insert(tx: Queryable, stage: Stage) {
    const { revision, live, earlier, trial } = stage;
    const { rows } = await tx.query<Stage>(
      `insert into model_stages
         (model, revision, live, earlier, candidate, trial, share,
          changed_by, reason)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict do nothing
       returning ${COLUMNS}`,
      [
        model,
        revision,
        live,
        earlier,
        trial?.candidate,
        trial?.number,
        trial?.share,
        stage.changedBy,
        stage.reason,
      ],
    );
    return rows[0];
  }

  return { begin, current, change };
}

const COLUMNS = `revision, live, earlier, changed_by as "changedBy", reason,
  case when trial is not null then json_build_object(
    'candidate', candidate, 'number', trial, 'share', share)
  end as trial`;
