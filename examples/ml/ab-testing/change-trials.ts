import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { TrialError } from './trial-error.ts';

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

/** Reads and changes what runs of a model. */
export function createChangeTrials(options: ChangeTrialsOptions) {
  const { pool, model, first, isServed } = options;

  const read = () => inTransaction(pool, LIMIT, readStage);
  /** Of several changes of one trial at once, each sees those before it. */
  function change(wanted: Change): Promise<Stage> {
    const { command, changedBy, reason } = wanted;
    const values = [model, changedBy, reason, ...listValues(command)];
    return inTransaction(pool, LIMIT, async (tx) => {
      const statement = STATEMENTS[command.to];
      const { rowCount } = await tx.query(statement, values);
      if (!rowCount) throw new TrialError('change_refused');
      const stage = await readStage(tx);
      const { live, trial } = stage;
      if (trial?.candidate === live)
        throw new TrialError('change_refused');
      if (!isServed(live) || (trial && !isServed(trial.candidate)))
        throw new TrialError('version_missing');
      return stage;
    });
  }

  async function readStage(tx: Queryable): Promise<Stage> {
    const { rows } = await tx.query<Stage>(READ, [model, first]);
    return rows[0] ?? { live: first, trial: null };
  }

  return { read, change };
}

function listValues(command: Command) {
  switch (command.to) {
    case 'shadow':
      return [command.candidate];
    case 'canary':
      return [command.trial, command.share];
    case 'live':
    case 'rollback':
      return [command.trial];
  }
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
