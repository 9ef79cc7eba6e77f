import type { Pool } from 'pg';
import type { SecretBox } from './secret-box.ts';

type RotationOptions = {
  pool: Pick<Pool, 'query'>;
  box: SecretBox;
  log: { error: (message: string, details: object) => void };
  /** How many secrets are read at once. */
  batch?: number;
};

type Row = { userId: string; secret: string };

// #region rotate-keys
/** Encrypts all secrets with the first key; how many had another one. */
export async function rotateKeys(options: RotationOptions) {
  const { pool, box, batch = 100 } = options;
  let rotated = 0;
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
    if (!last) return rotated;
    for (const row of rows) rotated += await rotate(row, options);
    after = last.userId;
  }
}

/** One that cannot be decrypted does not hold up the others. */
async function rotate(row: Row, { pool, box, log }: RotationOptions) {
  const { userId, secret: old } = row;
  try {
    const secret = box.seal(box.open(old, userId), userId);
    const { rowCount } = await pool.query(
      `update totp_factors
       set secret = $3
       where user_id = $1 and secret = $2`,
      [userId, old, secret],
    );
    return Number(rowCount);
  } catch (error) {
    log.error('secret not rotated', { userId, error });
    return 0;
  }
}
// #endregion rotate-keys
