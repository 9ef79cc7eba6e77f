import type { Pool } from 'pg';
import type { NetworkLimit } from './network-limit.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { SecondFactorError } from './second-factor-error.ts';
import type { SecretBox } from './secret-box.ts';
import { findStep, readCode } from './totp.ts';

export type SecondFactorsOptions = {
  /** The primary: its clock decides which code is the right one. */
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
  networks: NetworkLimit;
  log: { warn: (message: string, details: object) => void };
};

export type Attempt = {
  userId: string;
  /** As the user typed it: six digits, or a recovery code. */
  code: string;
  /** Where the request comes from. */
  address: string;
};

type Factor = {
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
export function createSecondFactors({
  pool,
  box,
  networks,
  log,
}: SecondFactorsOptions) {
  async function isActive(userId: string): Promise<boolean> {
    return (await read(userId)) !== undefined;
  }

  /** True for a right code, once; rejects when it may not be judged. */
  async function prove({ userId, code, address }: Attempt) {
    const digits = readCode(code);
    const hash = hashRecoveryCode(code);
    if (!digits && !hash) throw new SecondFactorError('malformed_code');
    await networks.spend(address);
    let isWrong = false;
    try {
      const isRight = digits
        ? await takeCode(userId, digits)
        : await takeRecoveryCode(userId, hash);
      isWrong = !isRight;
      return isRight;
    } finally {
      // Nor does it count when Postgres or a key is missing.
      if (!isWrong) await networks.refund(address);
    }
  }

  // #region take-code
  async function takeCode(userId: string, code: string) {
    const factor = await read(userId);
    if (!factor) return false;
    const secret = box.open(factor.secret, userId);
    const step = findStep({ ...factor, secret }, code);
    const isRight = await decide(userId, factor, step);
    if (!isRight)
      log.warn('second factor refused', {
        userId,
        ...explain({ ...factor, secret }, code, step),
      });
    return isRight;
  }

  /** One update: a step counts once, and a pause holds for all. */
  async function decide(userId: string, seen: Factor, step?: number) {
    const { rows } = await pool.query<{ isRight: boolean }>(
      `update totp_factors
       set last_step = greatest(last_step, $3),
           failures = case when $3 > last_step then 0
             else failures + 1 end,
           free_at = case when $3 > last_step then '-infinity'
             else now() + make_interval(
               secs => 2 ^ least(failures + 1, 12)) end
       where user_id = $1 and secret = $2
         and free_at <= now() and failures < $4
       returning failures = 0 as "isRight"`,
      [userId, seen.secret, step, MAX_FAILURES],
    );
    return rows[0]?.isRight ?? refuse(userId);
  }
  // #endregion take-code

  async function refuse(userId: string): Promise<never> {
    const factor = await read(userId);
    if (factor && factor.failures >= MAX_FAILURES)
      throw new SecondFactorError('only_recovery_codes');
    // Not above 0 when the row has changed meanwhile, or is gone.
    const seconds = Math.ceil(factor?.waitSeconds ?? 1);
    throw new SecondFactorError('too_many_codes', {
      retryAfterSeconds: Math.max(seconds, 1),
    });
  }

  // #region take-recovery-code
  /** The update removes it: of two at once, one finds it. */
  async function takeRecoveryCode(userId: string, hash?: Buffer) {
    const { rows } = await pool.query<{ left: number }>(
      `update totp_factors
       set recovery_hashes = array_remove(recovery_hashes, $2),
           failures = 0,
           free_at = '-infinity'
       where user_id = $1 and $2 = any (recovery_hashes)
       returning cardinality(recovery_hashes) as "left"`,
      [userId, hash],
    );
    if (rows[0]) log.warn('recovery code used', { userId, ...rows[0] });
    return rows.length === 1;
  }
  // #endregion take-recovery-code

  async function read(userId: string): Promise<Factor | undefined> {
    const { rows } = await pool.query<Factor>(
      `select secret, failures,
         extract(epoch from now())::float8 as "now",
         extract(epoch from greatest(free_at, now()) - now())::float8
           as "waitSeconds"
       from totp_factors
       where user_id = $1 and secret is not null`,
      [userId],
    );
    return rows[0];
  }

  return { isActive, prove };
}

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
