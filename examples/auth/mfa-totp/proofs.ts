import type { Session } from '../session-management/session.ts';
import { SecondFactorError } from './second-factor-error.ts';

export type ProofsOptions = {
  /** How long a proof is enough for what is dangerous. */
  maxAgeSeconds?: number;
  clock?: () => Date;
};

/** Knows when a user last proved who they are, with all factors they have. */
export type Proofs = ReturnType<typeof createProofs>;

/** Keeps the time of the last proof in the session. */
export function createProofs(options: ProofsOptions = {}) {
  const { maxAgeSeconds = 300, clock = () => new Date() } = options;
  if (!(maxAgeSeconds >= 1 && maxAgeSeconds <= 3600))
    throw new RangeError('maxAgeSeconds is not between 1 and 3600');

  /** For the data of a session whose user has just proved it. */
  function stamp() {
    return { provedAt: clock().toISOString() };
  }

  // #region require-fresh
  /** Throws unless the user has proved within the last minutes. */
  function requireFresh({ data }: Pick<Session, 'data'>): void {
    const age = clock().getTime() - Date.parse(data.provedAt ?? '');
    // Without a proof it is NaN; from a clock ahead it is negative.
    if (!(Math.abs(age) <= maxAgeSeconds * 1000))
      throw new SecondFactorError('proof_too_old');
  }
  // #endregion require-fresh

  return { stamp, requireFresh };
}
