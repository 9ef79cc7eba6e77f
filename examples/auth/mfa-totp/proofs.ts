import type { Pool } from 'pg';
import type { Session } from '../session-management/session.ts';
import { SecondFactorError } from './second-factor-error.ts';

export type ProofsOptions = {
  pool: Pick<Pool, 'query'>;
  /** How long a proof is enough for what is dangerous. */
  maxAgeSeconds?: number;
};

/** What a proof is of: the factor that the user had, and the time. */
export type Moment = {
  factor: string;
  /** Seconds since 1970, by the clock of Postgres. */
  now: number;
};

/** The factor of a user without one: the password is enough. */
export const NO_FACTOR = 'none';

export type Proofs = ReturnType<typeof createProofs>;

/** Keeps the time of the last proof, and its factor, in the session. */
export function createProofs(options: ProofsOptions) {
  const { pool, maxAgeSeconds = 300 } = options;
  if (!(maxAgeSeconds >= 1 && maxAgeSeconds <= 3600))
    throw new RangeError('maxAgeSeconds is not between 1 and 3600');

  async function readMoment(userId: string): Promise<Moment> {
    const { rows } = await pool.query<{ id?: string; now: number }>(
      `select extract(epoch from now())::float8 as "now",
         (select id from totp_factors where user_id = $1) as "id"`,
      [userId],
    );
    const { id, now = Number.NaN } = rows[0] ?? {};
    return { factor: id ?? NO_FACTOR, now };
  }

  // #region require-fresh
  /** For the data of a session whose user has just proved it. */
  function stamp({ factor, now }: Moment) {
    return { factor, provedAt: `${now}` };
  }

  /** Throws unless the user has just proved the factor they have. */
  async function requireFresh(
    session: Pick<Session, 'userId' | 'data'>,
  ) {
    const { factor, provedAt } = session.data;
    const moment = await readMoment(session.userId);
    const age = moment.now - Number(provedAt);
    // Without a proof it is NaN.
    const isFresh = age >= 0 && age <= maxAgeSeconds;
    if (isFresh && factor === moment.factor) return moment;
    throw new SecondFactorError('proof_too_old');
  }
  // #endregion require-fresh

  return { readMoment, stamp, requireFresh };
}
