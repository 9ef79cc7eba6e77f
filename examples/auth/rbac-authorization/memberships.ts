import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { ALLOWED, allow, type Caller } from './access.ts';
import { POLICIES, ROLES, type Role } from './policies.ts';

export type Change = Caller & {
  /** Whose role it is; the caller leaves with their own id. */
  memberId: string;
  /** Without a role, the member is removed. */
  role?: Role;
};

export type Outcome =
  | 'changed'
  | 'not_a_member'
  | 'not_allowed'
  | 'last_owner';

/** Who has which role in which organisation. */
export function createMemberships(pool: Pool) {
  /** The id of a new organisation, whose owner is this user. */
  async function found(userId: string): Promise<string> {
    const { rows } = await pool.query<{ orgId: string }>(
      `with organisation as (
         insert into organisations default values
         returning id
       )
       insert into memberships (org_id, user_id, role)
       select id, $1, 'owner'
       from organisation
       returning org_id as "orgId"`,
      [userId],
    );
    return `${rows[0]?.orgId}`;
  }

  /** The organisations of a user. */
  async function listOrganisations(userId: string) {
    const { rows } = await pool.query<{ orgId: string; role: Role }>(
      `select org_id as "orgId", role
       from memberships
       where user_id = $1
       order by org_id`,
      [userId],
    );
    return rows;
  }

  /** The members of the caller's organisation. */
  async function listMembers(caller: Caller) {
    const { rows } = await pool.query<{ userId: string; role: Role }>(
      `select member.user_id as "userId", member.role
       from memberships my
       join memberships member using (org_id)
       where ${ALLOWED}
       order by member.user_id`,
      allow(caller, 'member:read'),
    );
    return rows;
  }

  // #region change
  /** One statement decides and writes; all it reads is locked. */
  async function change({ memberId, role, ...caller }: Change) {
    const values = [
      ...[caller.orgId, caller.userId, memberId, role],
      ...[ROLES, POLICIES['member:change'], POLICIES['member:leave']],
    ];
    // Read committed, whatever the default: it sees what it waited for.
    const { rows } = await inTransaction(pool, (tx) =>
      tx.query<{ outcome: Outcome }>(CHANGE, values),
    );
    return rows[0]?.outcome ?? 'not_allowed';
  }
  // #endregion change

  return { found, listOrganisations, listMembers, change };
}

// #region change-sql
const CHANGE = `
  with locked as materialized (
    select user_id, role, array_position($5::text[], role) as rank
    from memberships
    where org_id = $1 and (role = 'owner' or user_id in ($2, $3))
    -- In one order, so that two changes at once do not deadlock.
    order by user_id
    for update
  ), verdict as materialized (
    select case
      when actor.role <> all ($6::text[])
        and not ($2 = $3 and $4::text is null
                 and actor.role = any ($7::text[]))
        then 'not_allowed'
      when member.role is null then 'not_a_member'
      when member.rank > actor.rank
        or array_position($5, $4) > actor.rank then 'not_allowed'
      when member.role = 'owner' and $4 is distinct from 'owner'
        and not exists (select from locked
                        where role = 'owner' and user_id <> $3)
        then 'last_owner'
      else 'changed'
    end as outcome
    from locked actor
    left join locked member on member.user_id = $3
    where actor.user_id = $2
  ), updated as (
    update memberships
    set role = $4
    from verdict
    where outcome = 'changed' and $4 is not null
      and org_id = $1 and user_id = $3
  ), removed as (
    delete from memberships
    using verdict
    where outcome = 'changed' and $4 is null
      and org_id = $1 and user_id = $3
  )
  select outcome from verdict`;
// #endregion change-sql
