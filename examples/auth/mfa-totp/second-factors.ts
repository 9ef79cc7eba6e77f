import { isIP } from 'node:net';
import type { Pool } from 'pg';
import { hashRecoveryCode } from './recovery-codes.ts';
import {
  SecondFactorError,
  UnreadableSecretError,
} from './second-factor-error.ts';
import type { SecretBox } from './secret-box.ts';
import { findStep, readCode } from './totp.ts';

export type SecondFactorsOptions = {
  /** The primary, with read committed: its clock decides which code is the right one. */
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
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
  now: number;
  waitSeconds: number;
};

/** No more wrong codes in a row: NIST SP 800-63B-4 §3.2.2. */
const MAX_FAILURES = 100;

/** No more wrong codes from one network in an hour, on all accounts. */
const NETWORK_FAILURES = 50;

/** How many steps away a clock is still found. */
const SKEW_STEPS = 20;

/** The second factors of the users, in Postgres. */
export function createSecondFactors({
  pool,
  box,
  log,
}: SecondFactorsOptions) {
  /** True for a right code, once; rejects when it may not be judged. */
  async function prove(attempt: Attempt): Promise<boolean> {
    const code = readCode(attempt.code);
    const hash = hashRecoveryCode(attempt.code, attempt.userId);
    if (hash) return takeRecoveryCode(attempt, hash);
    if (!code) throw new SecondFactorError('malformed_code');
    const address = readAddress(attempt.address);
    return takeCode({ ...attempt, code, address });
  }

  async function takeCode(attempt: Attempt) {
    const row = await read(attempt);
    if (!row) return false;
    const secret = box.open(row.secret, attempt.userId);
    if (!secret) throw new UnreadableSecretError();
    const found = { secret, now: row.now };
    const step = findStep(found, attempt.code);
    const isRight = await decide(attempt, step);
    if (!isRight) warn(attempt, explain(found, attempt.code, step));
    return isRight;
  }

  // #region take-code
  /** One statement: only wrong codes count for the network. */
  async function decide(attempt: Attempt, step?: number) {
    const { rows } = await pool.query<{ isRight: boolean }>(
      `with judged as (
         update totp_factors
         set last_step = greatest(last_step, $4),
             failures = case when $4 > last_step then 0
               else failures + 1 end,
             free_at = case when $4 > last_step then '-infinity'
               else now() + make_interval(
                 secs => 2 ^ least(failures + 1, 12)) end
         where user_id = $2 and id = $3
           and free_at <= now() and failures < ${MAX_FAILURES}
           and not exists (${FULL_NETWORK})
         returning coalesce($4 > old.last_step, false) as "isRight"
       ), counted as (
         insert into totp_networks as known
         select ${NETWORK}, ${END}, 1
         from judged
         where not "isRight"
         on conflict (network, ends_at) do update
         set failures = known.failures + 1
       )
       select "isRight" from judged`,
      [attempt.address, attempt.userId, attempt.factor, step],
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
      [attempt.address, attempt.userId, attempt.factor],
    );
    return rows[0];
  }

  function warn({ userId, address }: Attempt, details: object) {
    log.warn('second factor refused', { userId, address, ...details });
  }

  return { prove };
}

/** SQL: one IPv4 address, also as IPv6, or the /64 of a subscriber. */
const NETWORK = `network(set_masklen($1::inet, case
  when family($1::inet) = 4 then 32
  when $1::inet <<= '::ffff:0:0/96' then 128
  else 64 end))`;

/** SQL: the end of this hour. */
const END = `date_bin('1 hour', now(), 'epoch') + interval '1 hour'`;

/** SQL: when the full count of the network ends, if it is full. */
const FULL_NETWORK = `select ends_at
  from totp_networks
  where network = ${NETWORK} and ends_at = ${END}
    and failures >= ${NETWORK_FAILURES}`;

/** What is no address, such as one with a port, shares one count. */
function readAddress(text: string): string {
  // Postgres knows no zones, as in `fe80::1%eth0`.
  const [address = ''] = text.split('%');
  return isIP(address) ? address : '::';
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
