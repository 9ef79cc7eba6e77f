import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ModelProblem } from '../model-serving/model-problem.ts';

/** What runs: which version answers, and which one is on trial. */
export type Stage = {
  live: string;
  trial: {
    id: number;
    candidate: string;
    /** Of the users; 0 in the shadow, where none meets it. */
    share: number;
  } | null;
};

/** What an operator, or the judge, wants; a rollback also of a trial that was promoted. */
export type Command =
  | { to: 'shadow'; candidate: string }
  | { to: 'canary'; trial: number; share: number }
  | { to: 'live'; trial: number }
  | { to: 'rollback'; trial: number };

/** A command, by whom and why. */
export type Change = {
  command: Command;
  changedBy: string;
  reason: string;
};

type ChangeTrialsOptions = {
  pool: Pool;
  model: string;
  /** What is live while no trial is promoted. */
  first: string;
  /** Whether this server can ask a version. */
  isServed: (version: string) => boolean;
};

const LIMIT = { timeLimitMs: 5000 };
const MISSING = 'This server does not serve that version';
const REFUSED =
  'Read the trial again: it has ended, its share is not lower, or its version has been a canary before';

/** Reads and changes what runs of a model. */
export function createChangeTrials(options: ChangeTrialsOptions) {
  const { pool, model, first, isServed } = options;

  const read = () => inTransaction(pool, LIMIT, readStage);
  /** Of several changes of one trial at once, each sees those before it. */
  function change(wanted: Change): Promise<Stage> {
    const { command, changedBy, reason } = wanted;
    const of =
      command.to === 'shadow' ? command.candidate : command.trial;
    const values = [model, changedBy, reason, of];
    if (command.to === 'canary') values.push(command.share);
    return inTransaction(pool, LIMIT, async (tx) => {
      const statement = STATEMENTS[command.to];
      const { rowCount } = await tx.query(statement, values);
      const stage = await readStage(tx);
      const { live, trial } = stage;
      if (!rowCount || trial?.candidate === live)
        throw new ModelProblem(409, 'change_refused', REFUSED);
      if (!isServed(live) || (trial && !isServed(trial.candidate)))
        throw new ModelProblem(409, 'version_missing', MISSING);
      return stage;
    });
  }

  async function readStage(tx: Queryable): Promise<Stage> {
    const { rows } = await tx.query<Stage>(READ, [model, first]);
    return rows[0] ?? { live: first, trial: null };
  }

  return { read, change };
}

// #region statements
const STATEMENTS = {
  shadow: `
    insert into model_trials (model, changed_by, reason, candidate, share)
    values ($1, $2, $3, $4, 0)
    on conflict do nothing`,
  canary: `
    update model_trials trial
    set share = $5, changed_by = $2, reason = $3, changed_at = now()
    where model = $1 and id = $4 and state = 'running' and share < $5
      and not exists (
        select from model_trials other
        where other.model = $1 and other.candidate = trial.candidate
          and other.share > 0 and other.id <> trial.id
      )`,
  live: `
    update model_trials
    set state = 'promoted', changed_by = $2, reason = $3,
        changed_at = now()
    where model = $1 and id = $4 and state = 'running' and share > 0`,
  // What is rolled back is promoted no more: nothing goes back to it.
  rollback: `
    update model_trials
    set state = 'ended', changed_by = $2, reason = $3, changed_at = now()
    where model = $1 and id = $4 and state <> 'ended'
      and not exists (
        select from model_trials other
        where other.model = $1 and other.state = 'running'
          and other.id <> $4
      )`,
};
// #endregion statements

const READ = `
  select coalesce(
           (select candidate
            from model_trials
            where model = $1 and state = 'promoted'
            order by id desc
            limit 1),
           $2) as live,
         (select json_build_object(
            'id', id, 'candidate', candidate, 'share', share)
          from model_trials
          where model = $1 and state = 'running') as trial`;
