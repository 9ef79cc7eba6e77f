import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ApiKeyError } from './key-error.ts';
import {
  type KeyRequest,
  type KeyRules,
  requireRequest,
  requireRules,
  requireWhole,
} from './key-rules.ts';
import { createKey, hashKey } from './key-text.ts';
import { createRevocation } from './revoke-keys.ts';

export type ApiKeysOptions = {
  pool: Pool;
  rules: KeyRules;
  /** How many an owner may have; twice as many during rotations. */
  maxKeys?: number;
  maxDays?: number;
};

/** Whose key it is, and who asks for it. */
export type Issuer = { ownerId: string; createdBy: string };

/** What an owner may see of a key. */
export type ListedKey = {
  id: string;
  name: string;
  /** The prefix and four characters more, to find it in a config. */
  start: string;
  scopes: string[];
  /** The id of the key that it replaces. */
  replaces: string | null;
  createdBy: string;
  createdAt: Date;
  endsAt: Date;
  /** Null when it was never used; else a few minutes old. */
  usedAt: Date | null;
};

/** `key` is nowhere else: show it once, and store it nowhere. */
export type NewKey = ListedKey & { key: string };

const COLUMNS = `id, name, start, scopes, replaces,
  created_by as "createdBy", created_at as "createdAt",
  ends_at as "endsAt", used_at as "usedAt"`;

// Not now(): in a transaction, that is the time before the lock.
const LIVE = 'revoked_at is null and ends_at > statement_timestamp()';

/** The keys of your customers, in Postgres. */
export function createApiKeys(options: ApiKeysOptions) {
  const { pool, maxKeys = 20, maxDays = 365 } = options;
  const rules = { ...requireRules(options.rules), maxDays };
  requireWhole('maxKeys', maxKeys, 10_000);
  requireWhole('maxDays', maxDays, 36_500);

  // #region create
  /** A new key; its text is in this answer and nowhere else. */
  async function create(issuer: Issuer, request: KeyRequest) {
    requireRequest(request, rules);
    return inTransaction(pool, async (tx) => {
      await lockOwner(tx, issuer.ownerId);
      const { rowCount } = await tx.query(
        `select from issued_keys where owner_id = $1 and ${LIVE}`,
        [issuer.ownerId],
      );
      if (Number(rowCount) >= maxKeys)
        throw new ApiKeyError('too_many_api_keys');
      return insert(tx, { ...issuer, ...request });
    });
  }

  /** Two at once would both count one key too few. */
  async function lockOwner(tx: Queryable, ownerId: string) {
    const { rowCount } = await tx.query(
      `select from users
       where id = $1 and suspended_at is null
       for no key update`,
      [ownerId],
    );
    if (rowCount !== 1) throw new ApiKeyError('owner_not_active');
  }
  // #endregion create

  type Row = Issuer & KeyRequest & { replaces?: string };

  async function insert(tx: Queryable, row: Row): Promise<NewKey> {
    const key = createKey(rules.prefix);
    const { rows } = await tx.query<ListedKey>(
      `insert into issued_keys (key_hash, start, owner_id, created_by,
         name, scopes, replaces, ends_at)
       values ($1, $2, $3, $4, $5, $6, $7,
         now() + make_interval(days => $8))
       returning ${COLUMNS}`,
      [
        hashKey(key),
        key.slice(0, rules.prefix.length + 5),
        row.ownerId,
        row.createdBy,
        row.name,
        row.scopes,
        row.replaces,
        row.days,
      ],
    );
    const [listed] = rows;
    if (!listed) throw new Error('Postgres did not return the key');
    return { ...listed, key };
  }

  // #region rotate
  /** A new key with the same rights; the old one ends later. */
  async function rotate(
    issuer: Issuer,
    id: string,
    times: { overlapSeconds: number; days: number },
  ): Promise<NewKey> {
    const { overlapSeconds, days } = times;
    requireWhole('overlapSeconds', overlapSeconds, 30 * 86_400);
    return inTransaction(pool, async (tx) => {
      await lockOwner(tx, issuer.ownerId);
      const old = await findForRotation(tx, issuer.ownerId, id);
      // A scope that the app has no more is not given again.
      const scopes = rules.scopes.filter((s) => old.scopes.includes(s));
      const request = { name: old.name, scopes, days };
      requireRequest(request, rules);
      // Only ever sooner: an end that was set is not moved back.
      await tx.query(
        `update issued_keys
         set ends_at = least(ends_at,
           now() + make_interval(secs => $2))
         where id = $1`,
        [old.id, overlapSeconds],
      );
      return insert(tx, { ...issuer, ...request, replaces: old.id });
    });
  }

  /** Refused while it is one of two that replace each other. */
  async function findForRotation(
    tx: Queryable,
    ownerId: string,
    id: string,
  ) {
    const { rows } = await tx.query<ListedKey>(
      `select ${COLUMNS}
       from issued_keys
       where owner_id = $1 and ${LIVE}
       for update`, // a revocation under way comes first
      [ownerId],
    );
    const old = rows.find((key) => key.id === id);
    if (!old) throw new ApiKeyError('api_key_not_found');
    const isUnderWay = rows.some(
      (key) => key.replaces === id || key.id === old.replaces,
    );
    if (isUnderWay) throw new ApiKeyError('rotation_under_way');
    return old;
  }
  // #endregion rotate

  /** The live keys of an owner, the newest first. */
  async function list(ownerId: string): Promise<ListedKey[]> {
    const { rows } = await pool.query<ListedKey>(
      `select ${COLUMNS}
       from issued_keys
       where owner_id = $1 and ${LIVE}
       order by created_at desc`,
      [ownerId],
    );
    return rows;
  }

  return { create, rotate, list, ...createRevocation(pool) };
}
