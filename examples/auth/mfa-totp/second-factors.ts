import type { Pool } from 'pg';
import { NETWORK, readAddress } from './networks.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { SecondFactorError } from './second-factor-error.ts';
import type { SecretBox } from './secret-box.ts';
import { findStep, readCode } from './totp.ts';

export type SecondFactorsOptions = {
  /** The primary, with read committed: its clock decides which code is the right one. */
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
  /** How many wrong codes may come from one network in an hour. */
  networkFailures?: number;
  log: { warn: (message: string, details: object) => void };
};

export type Attempt = {
  userId: string;
  /** The factor that the user had when they began. */
  factor: string;
  /** As the user typed it: six digits, or a recovery code. */
  code: string;
  /** Where the request comes from. */
  address: string;
};

type Row = {
  secret: string;
  failures: number;
  /** Seconds since 1970, by the clock of Postgres. */
  now: number;
  waitSeconds: number;
};

/** No more wrong codes in a row: NIST SP 800-63B-4 §3.2.2. */
const MAX_FAILURES = 100;

/** How many steps of 30 seconds away a clock is still found. */
const SKEW_STEPS = 20;

/** The second factors of the users, in Postgres. */
export function createSecondFactors(options: SecondFactorsOptions) {
  const { pool, box, networkFailures = 50, log } = options;
  if (!(networkFailures >= 1))
    throw new RangeError('networkFailures is less than 1');

  /** True for a right code, once; rejects when it may not be judged. */
  async function prove(attempt: Attempt): Promise<boolean> {
    const { userId, address } = attempt;
    const code = readCode(attempt.code);
    const hash = hashRecoveryCode(attempt.code, userId);
    if (hash) return takeRecoveryCode(attempt, hash);
    if (!code) throw new SecondFactorError('malformed_code');
    return takeCode({
      ...attempt,
      code,
      address: readAddress(address),
    });
  }

  // #region take-code
  async function takeCode(attempt: Attempt) {
    const row = await read(attempt);
    if (!row) return false;
    const secret = box.open(row.secret, attempt.userId);
    const found = { secret, now: row.now };
    const step = findStep(found, attempt.code);
    const isRight = await decide(attempt, step);
    if (!isRight) warn(attempt, explain(found, attempt.code, step));
    return isRight;
  }

  /** One statement: a step counts once, pauses hold for all, and only wrong codes count for the network. */
  async function decide(attempt: Attempt, step?: number) {
    const { rows } = await pool.query<{ isRight: boolean }>(
      `with judged as (
         update totp_factors
         set last_step = greatest(last_step, $5),
             failures = case when $5 > last_step then 0
               else failures + 1 end,
             free_at = case when $5 > last_step then '-infinity'
               else now() + make_interval(
                 secs => 2 ^ least(failures + 1, 12)) end
         where user_id = $2 and id = $3
           and free_at <= now() and failures < $6
           and not exists (${FULL_NETWORK})
         returning coalesce($5 > old.last_step, false) as "isRight"
       ), counted as (
         insert into totp_networks as known
         select ${NETWORK}, 1, now() + interval '1 hour'
         from judged
         where not "isRight"
         on conflict (network) do update
         set failures = case when known.ends_at <= now() then 1
               else known.failures + 1 end,
             ends_at = case when known.ends_at <= now()
               then excluded.ends_at else known.ends_at end
       )
       select "isRight" from judged`,
      [...identify(attempt), step, MAX_FAILURES],
    );
    return rows[0]?.isRight ?? refuse(attempt);
  }
  // #endregion take-code

  async function refuse(attempt: Attempt): Promise<never> {
    const row = await read(attempt);
    if (row && row.failures >= MAX_FAILURES) {
      warn(attempt, { reason: 'only recovery codes' });
      throw new SecondFactorError('only_recovery_codes');
    }
    // Not above 0 when the row has changed meanwhile, or is gone.
    const seconds = Math.ceil(row?.waitSeconds ?? 1);
    throw new SecondFactorError('too_many_codes', {
      retryAfterSeconds: Math.max(seconds, 1),
    });
  }

  // #region take-recovery-code
  /** The update removes it: of two at once, one finds it. */
  async function takeRecoveryCode(attempt: Attempt, hash: Buffer) {
    const { userId, factor } = attempt;
    const { rows } = await pool.query<{ left: number }>(
      `update totp_factors
       set recovery_hashes = array_remove(recovery_hashes, $3),
           failures = 0,
           free_at = '-infinity'
       where user_id = $1 and id = $2 and $3 = any (recovery_hashes)
       returning cardinality(recovery_hashes) as "left"`,
      [userId, factor, hash],
    );
    if (rows[0]) log.warn('recovery code used', { userId, ...rows[0] });
    else warn(attempt, { reason: 'wrong recovery code' });
    return rows.length === 1;
  }
  // #endregion take-recovery-code

  async function read(attempt: Attempt): Promise<Row | undefined> {
    const { rows } = await pool.query<Row>(
      `select secret, failures,
         extract(epoch from now())::float8 as "now",
         extract(epoch from greatest(free_at, (${FULL_NETWORK}), now())
           - now())::float8 as "waitSeconds"
       from totp_factors
       where user_id = $2 and id = $3`,
      identify(attempt),
    );
    return rows[0];
  }

  function identify({ address, userId, factor }: Attempt) {
    return [address, userId, factor, networkFailures];
  }

  function warn({ userId, address }: Attempt, details: object) {
    log.warn('second factor refused', { userId, address, ...details });
  }

  return { prove };
}

/** When it ends, if there is one. */
const FULL_NETWORK = `select ends_at
  from totp_networks
  where network = ${NETWORK} and failures >= $4 and ends_at > now()`;

export type SecondFactors = ReturnType<typeof createSecondFactors>;

/** For your log: a clock that is wrong shows as `steps`. */
function explain(
  factor: { secret: string; now: number },
  code: string,
  step?: number,
) {
  if (step !== undefined) return { reason: 'used' };
  const other = findStep(factor, code, SKEW_STEPS);
  if (other === undefined) return { reason: 'wrong' };
  const steps = other - Math.floor(factor.now / 30);
  return { reason: 'clock', steps };
}
