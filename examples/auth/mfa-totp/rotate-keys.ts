import type { Pool } from 'pg';
import type { SecretBox } from './secret-box.ts';

type RotationOptions = {
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
  log: { error: (message: string, details: object) => void };
  batch?: number;
};

type Row = { userId: string; secret: string };

// #region rotate-keys
/** Encrypts all secrets with the first key; remove the old one only when `unreadable` is 0. */
export async function rotateKeys(options: RotationOptions) {
  const { pool, box, batch = 100 } = options;
  const result = { rotated: 0, unreadable: 0 };
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await pool.query<Row>(
      `select user_id as "userId", secret
       from totp_factors
       where user_id > $1 and left(secret, 8) <> $2
       order by user_id
       limit $3`,
      [after, box.keyId, batch],
    );
    const last = rows.at(-1);
    if (!last) return result;
    for (const row of rows) result[await rotate(row, options)] += 1;
    after = last.userId;
  }
}

/** One that cannot be decrypted does not hold up the others. */
async function rotate(row: Row, { pool, box, log }: RotationOptions) {
  const { userId, secret: old } = row;
  const secret = box.open(old, userId);
  if (!secret) {
    log.error('secret not rotated', { userId });
    return 'unreadable';
  }
  // One that has changed meanwhile has the first key already.
  await pool.query(
    `update totp_factors
     set secret = $3
     where user_id = $1 and secret = $2`,
    [userId, old, box.seal(secret, userId)],
  );
  return 'rotated';
}
// #endregion rotate-keys
