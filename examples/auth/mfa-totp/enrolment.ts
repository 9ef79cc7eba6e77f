import type { Pool } from 'pg';
import type { Session } from '../session-management/session.ts';
import type { Proofs } from './proofs.ts';
import {
  createRecoveryCodes,
  hashRecoveryCode,
} from './recovery-codes.ts';
import { SecondFactorError } from './second-factor-error.ts';
import type { SecretBox } from './secret-box.ts';
import {
  createTotpSecret,
  describeSecret,
  findStep,
  readCode,
} from './totp.ts';

export type EnrolmentOptions = {
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
  proofs: Pick<Proofs, 'requireFresh'>;
  /** The name of your app, as authenticator apps show it. */
  issuer: string;
};

type Owner = Pick<Session, 'userId' | 'data'>;

/** Sets, replaces and removes second factors: each needs a fresh proof. */
export function createEnrolment(options: EnrolmentOptions) {
  const { pool, box, proofs, issuer } = options;
  if (!/^[^:]+$/.test(issuer) || !issuer.isWellFormed())
    throw new TypeError('issuer is empty, or has a colon');

  /** A new secret, which does not count yet; an old one stays in use. */
  async function begin(session: Owner, account: string) {
    proofs.requireFresh(session);
    const secret = createTotpSecret();
    await pool.query(
      `insert into totp_factors (user_id, pending, pending_until)
       values ($1, $2, now() + interval '10 minutes')
       on conflict (user_id) do update
       set pending = excluded.pending,
           pending_until = excluded.pending_until`,
      [session.userId, box.seal(secret, session.userId)],
    );
    return { secret, uri: describeSecret(secret, { issuer, account }) };
  }

  // #region confirm
  /** Recovery codes, to show once; undefined when the code is wrong. */
  async function confirm(session: Owner, text: string) {
    proofs.requireFresh(session);
    const code = readCode(text);
    if (!code) throw new SecondFactorError('malformed_code');
    const { userId } = session;
    const pending = await readPending(userId);
    if (!pending) return;
    const step = findStep(pending, code);
    if (step === undefined) return;
    const codes = createRecoveryCodes();
    const { rowCount } = await pool.query(
      `update totp_factors
       set secret = pending,
           last_step = $3,
           failures = 0,
           free_at = '-infinity',
           recovery_hashes = $4,
           pending = null,
           pending_until = null
       where user_id = $1 and pending = $2`,
      [userId, pending.sealed, step, codes.map(hashRecoveryCode)],
    );
    return rowCount === 1 ? codes : undefined;
  }
  // #endregion confirm

  async function readPending(userId: string) {
    const { rows } = await pool.query<{ sealed: string; now: number }>(
      `select pending as sealed,
         extract(epoch from now())::float8 as "now"
       from totp_factors
       where user_id = $1 and pending_until > now()`,
      [userId],
    );
    const [row] = rows;
    return row && { ...row, secret: box.open(row.sealed, userId) };
  }

  /** A new set, to show once; no code of the old set works any more. */
  async function replaceRecoveryCodes(session: Owner) {
    proofs.requireFresh(session);
    const codes = createRecoveryCodes();
    const { rowCount } = await pool.query(
      `update totp_factors
       set recovery_hashes = $2
       where user_id = $1 and secret is not null`,
      [session.userId, codes.map(hashRecoveryCode)],
    );
    return rowCount === 1 ? codes : undefined;
  }

  /** Removes the factor and its recovery codes; false if there is none. */
  async function remove(session: Owner): Promise<boolean> {
    proofs.requireFresh(session);
    const { rowCount } = await pool.query(
      'delete from totp_factors where user_id = $1',
      [session.userId],
    );
    return rowCount === 1;
  }

  return { begin, confirm, replaceRecoveryCodes, remove };
}
