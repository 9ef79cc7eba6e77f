import type { Pool } from 'pg';
import { ConflictError } from './conflict-error.ts';
import { type CanaryCount, countCanary } from './count-trial.ts';
import {
  betAgainst,
  isProven,
  isSkewed,
  isWorse,
  type Tally,
} from './evidence.ts';
import type { ModelStages } from './model-stages.ts';

/** What is known of a canary at this moment. */
export type Verdict = 'open' | 'worse' | 'skewed' | 'proven';

type TrialJudgeOptions = {
  pool: Pool;
  model: string;
  stages: ModelStages;
  log: { warn: (message: string, details: object) => void };
  /** How often, at most, a canary as good as the live version is rolled back. */
  alpha?: number;
  /** A proven canary makes fewer than so many times the errors. */
  tolerance?: number;
};

/** Looks at a canary as often as anybody likes, and rolls it back by itself. */
export function createTrialJudge(options: TrialJudgeOptions) {
  const { pool, model, stages, log } = options;
  const { alpha = 0.01, tolerance = 2 } = options;

  // #region judge
  /** Half of alpha for the errors, a quarter for each check of who came. */
  function decide({ users, told, errors }: CanaryCount): Verdict {
    if (isWorse(errors, alpha / 2)) return 'worse';
    if (isSkewed(users, alpha / 4) || isSkewed(told, alpha / 4))
      return 'skewed';
    return isProven(errors, tolerance, alpha) ? 'proven' : 'open';
  }

  /** Any server may ask at any time; the log of stages takes one. */
  async function judge(): Promise<void> {
    const now = await stages.current();
    if (now?.stage !== 'canary') return;
    const count = await countCanary(pool, model, now.trial);
    const verdict = decide(count);
    if (verdict !== 'worse' && verdict !== 'skewed') return;
    const reason = `${verdict}: ${describe(count)}`;
    await stages
      .change({
        command: { to: 'rollback' },
        seen: now.revision,
        changedBy: 'judge',
        reason,
      })
      .then(() => log.warn('rolled back', { reason }), passOver);
  }
  // #endregion judge

  /** For people, and for the gate before a version becomes live. */
  async function look(trial: number) {
    const count = await countCanary(pool, model, trial);
    const bet = Number(betAgainst(count.errors).toPrecision(3));
    return { ...count, bet, verdict: decide(count) };
  }

  return { judge, look };
}

/** The judge of one model. */
export type TrialJudge = ReturnType<typeof createTrialJudge>;

/** Somebody else has changed the stage: that one decides. */
function passOver(error: unknown): void {
  if (error instanceof ConflictError) return;
  throw error;
}

function describe({ users, errors }: CanaryCount): string {
  const [met, wrong] = [add(users), add(errors)];
  return [
    `${wrong.canary} of ${met.canary} users of the canary,`,
    `${wrong.total - wrong.canary} of ${met.total - met.canary} others`,
    'got a wrong answer or none',
  ].join(' ');
}

function add(tallies: Tally[]) {
  const sum = (key: 'total' | 'canary') =>
    tallies.reduce((all, tally) => all + tally[key], 0);
  return { total: sum('total'), canary: sum('canary') };
}
