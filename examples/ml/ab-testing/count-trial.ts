import type { Pool } from 'pg';
import type { Tally } from './evidence.ts';

/** Whom a canary and the live version beside it met, and how that ended. */
export type CanaryCount = {
  users: Tally[];
  /** Users of whom the truth is known. */
  told: Tally[];
  /** Users who got a wrong answer, or whose version failed. */
  errors: Tally[];
};

/** Counts the users of a canary and beside it, those of each share apart. */
export async function countCanary(
  pool: Pool,
  model: string,
  trial: number,
): Promise<CanaryCount> {
  const { rows } = await pool.query<Row>(
    `select share,
            count(*)::int as users,
            count(truth)::int as told,
            count(*) filter (where is_error)::int as errors,
            count(*) filter (where canary)::int as "canaryUsers",
            count(truth) filter (where canary)::int as "canaryTold",
            count(*) filter (where canary and is_error)::int
              as "canaryErrors"
     from (
       select share, truth, arm = 'canary' as canary,
              failed or truth <> label as is_error
       from trial_users
       join predictions on id = prediction_id
       where trial_users.model = $1 and trial = $2
     ) met
     group by share
     order by share`,
    [model, trial],
  );
  return {
    users: rows.map((row) => toTally(row, row.users, row.canaryUsers)),
    told: rows.map((row) => toTally(row, row.told, row.canaryTold)),
    errors: rows.map((row) =>
      toTally(row, row.errors, row.canaryErrors),
    ),
  };
}

type Row = Record<
  | ('share' | 'users' | 'told' | 'errors')
  | ('canaryUsers' | 'canaryTold' | 'canaryErrors'),
  number
>;

const toTally = ({ share }: Row, total: number, canary: number) => ({
  share,
  total,
  canary,
});

/** How a shadow fares: answers, other ones than the live version's, and failures. */
export async function countShadow(
  pool: Pool,
  model: string,
  trial: number,
): Promise<ShadowCount> {
  const { rows } = await pool.query<ShadowCount>(
    `select count(*)::int as answers,
            (count(*) filter (where shadow.label <> made.label))::int
              as differing,
            (count(*) filter (where shadow.label is null))::int as failed
     from shadow_answers shadow
     join predictions made on made.id = shadow.prediction_id
     where shadow.model = $1 and trial = $2`,
    [model, trial],
  );
  return rows[0] as ShadowCount;
}

/** Answers of a shadow, beside those of the live version. */
export type ShadowCount = {
  answers: number;
  differing: number;
  failed: number;
};
