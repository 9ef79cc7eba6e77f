import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ROLES, type Role, rolesUpTo, rolesWith } from './policies.ts';

type Change = {
  orgId: string;
  actorId: string;
  userId: string;
  /** Without a role, the member is removed. */
  role?: Role;
};

/** The members of organisations, and what changes them. */
export function createMemberships(db: Queryable) {
  /** The role of this user; undefined for a stranger. */
  async function findRole(orgId: string, userId: string) {
    const { rows } = await db.query<{ role: Role }>(
      'select role from memberships where org_id = $1 and user_id = $2',
      [orgId, userId],
    );
    return rows[0]?.role;
  }

  // #region change
  /** False when the actor may not, or the last owner would be gone. */
  async function change(change: Change): Promise<boolean> {
    const { orgId, actorId, userId, role } = change;
    // Locks all that decides, in one order, as it is after the wait.
    const decide = `
      with locked as materialized (
        select user_id, role, array_position($4::text[], role) as rank
        from memberships
        where org_id = $1
          and (role = 'owner' or user_id in ($2, $3))
        order by user_id
        for update
      ), allowed as materialized (
        select target.user_id
        from locked target, locked actor
        where target.user_id = $3 and actor.user_id = $2
          and (actor.role = any ($5) or (target.user_id = $2 and $7))
          and target.rank <= actor.rank
          and actor.role <> all ($6::text[])
          and (target.role <> 'owner' or $8 or exists (
            select from locked other
            where other.role = 'owner' and other.user_id <> $3))
      )`;
    const tooLow = ROLES.filter(
      (own) => role && !rolesUpTo(own).includes(role),
    );
    const values: unknown[] = [
      orgId,
      actorId,
      userId,
      ROLES,
      rolesWith('member:change'),
      tooLow,
      role === undefined,
      role === 'owner',
    ];
    const write = role
      ? 'update memberships set role = $9'
      : 'delete from memberships';
    const { rowCount } = await db.query(
      `${decide} ${write}
       where org_id = $1 and user_id in (select user_id from allowed)`,
      role ? [...values, role] : values,
    );
    return rowCount === 1;
  }
  // #endregion change

  return { findRole, change };
}
