import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type {
  Session,
  Sessions,
} from '../session-management/session.ts';
import type { Current } from './logins.ts';
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
  sessions: Pick<Sessions, 'renew' | 'logoutEverywhere'>;
  box: SecretBox;
  proofs: Pick<Proofs, 'requireFresh' | 'stamp'>;
  /** The name of your app, as authenticator apps show it. */
  issuer: string;
};

type Owner = Pick<Session, 'userId' | 'data'>;

const TICKET_SECONDS = 600;

/** Sets, replaces and removes second factors: each needs a fresh proof. */
export function createEnrolment(options: EnrolmentOptions) {
  const { pool, sessions, box, proofs, issuer } = options;
  if (!/^[^:]+$/.test(issuer) || !issuer.isWellFormed())
    throw new TypeError('issuer is empty, or has a colon');

  /** A new secret, to show, and a ticket to confirm it with: nothing is stored. */
  async function begin(session: Owner, account: string) {
    const { factor, now } = await proofs.requireFresh(session);
    const secret = createTotpSecret();
    const uri = describeSecret(secret, { issuer, account });
    const text = `${secret} ${now + TICKET_SECONDS}`;
    const ticket = box.seal(text, nameTicket(session.userId, factor));
    return { secret, uri, ticket };
  }

  // #region confirm
  /** Recovery codes, to show once; undefined for a wrong code. */
  async function confirm(
    { token, session }: Current,
    answer: { ticket: string; code: string },
  ) {
    const { factor, now } = await proofs.requireFresh(session);
    const code = readCode(answer.code);
    if (!code) throw new SecondFactorError('malformed_code');
    const { userId, id: except } = session;
    const name = nameTicket(userId, factor);
    const [secret, until] =
      box.open(answer.ticket, name)?.split(' ') ?? [];
    if (!secret || !(Number(until) > now)) return;
    const step = findStep({ secret, now }, code);
    if (step === undefined) return;
    const recoveryCodes = createRecoveryCodes();
    const id = randomUUID();
    const { rowCount } = await pool.query(
      `insert into totp_factors
         (user_id, id, secret, last_step, recovery_hashes)
       values ($1, $2, $3, $4, $5)
       on conflict (user_id) do update
       set id = excluded.id,
           secret = excluded.secret,
           last_step = excluded.last_step,
           failures = 0,
           free_at = '-infinity',
           recovery_hashes = excluded.recovery_hashes
       where totp_factors.id = $6`,
      [
        userId,
        id,
        box.seal(secret, userId),
        step,
        hashAll(recoveryCodes, userId),
        factor,
      ],
    );
    if (rowCount !== 1) return;
    // Those that began before have not proved this factor.
    await sessions.logoutEverywhere(userId, { except });
    const proof = proofs.stamp({ factor: id, now });
    return { recoveryCodes, token: await sessions.renew(token, proof) };
  }
  // #endregion confirm

  /** A new set, to show once; no code of the old set works any more. */
  async function replaceRecoveryCodes(session: Owner) {
    const { factor } = await proofs.requireFresh(session);
    const codes = createRecoveryCodes();
    const { userId } = session;
    const { rowCount } = await pool.query(
      `update totp_factors
       set recovery_hashes = $3
       where user_id = $1 and id = $2`,
      [userId, factor, hashAll(codes, userId)],
    );
    return rowCount === 1 ? codes : undefined;
  }

  /** Removes the factor and its recovery codes; false if there is none. */
  async function remove(session: Owner): Promise<boolean> {
    const { factor } = await proofs.requireFresh(session);
    const { rowCount } = await pool.query(
      'delete from totp_factors where user_id = $1 and id = $2',
      [session.userId, factor],
    );
    return rowCount === 1;
  }

  return { begin, confirm, replaceRecoveryCodes, remove };
}

/** A ticket of another user, or from before another factor, does not open. */
function nameTicket(userId: string, factor: string): string {
  return `ticket of a new factor ${userId} ${factor}`;
}

function hashAll(codes: string[], userId: string) {
  return codes.map((code) => hashRecoveryCode(code, userId));
}
