import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ApiKeyError } from './key-error.ts';
import { hashKey } from './key-text.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Ends keys, and deletes those that ended long ago. */
export function createRevocation(pool: Queryable) {
  // #region revoke
  /** Counts at the next request, at each instance. */
  async function revoke(ownerId: string, id: string): Promise<void> {
    if (!UUID.test(id)) throw new ApiKeyError('api_key_not_found');
    const { rowCount } = await pool.query(
      `update issued_keys
       set revoked_at = coalesce(revoked_at, now())
       where owner_id = $1 and id = $2`,
      [ownerId, id],
    );
    if (rowCount !== 1) throw new ApiKeyError('api_key_not_found');
  }

  /** Of a key that was found in public; its owner, to tell them. */
  async function revokeLeaked(
    key: string,
  ): Promise<{ id: string; ownerId: string } | undefined> {
    const { rows } = await pool.query<{ id: string; ownerId: string }>(
      `update issued_keys
       set revoked_at = coalesce(revoked_at, now())
       where key_hash = $1
       returning id, owner_id as "ownerId"`,
      [hashKey(key)],
    );
    return rows[0];
  }
  // #endregion revoke

  /** Deletes up to 1000, 90 days after the end; call it until 0. */
  async function deleteEnded(): Promise<number> {
    const { rowCount } = await pool.query(
      `delete from issued_keys
       where id in (
         select id
         from issued_keys
         where least(ends_at, revoked_at) < now() - interval '90 days'
         limit 1000
         for update skip locked
       )`,
    );
    return Number(rowCount);
  }

  return { revoke, revokeLeaked, deleteEnded };
}
