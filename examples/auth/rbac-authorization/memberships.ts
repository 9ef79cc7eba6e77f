import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { ALLOWED, allow, type Caller } from './access.ts';
import { ROLES, type Role } from './policies.ts';

export type Change = Caller & {
  /** Whose role it is; the caller leaves with their own id. */
  memberId: string;
  /** With null, the member is removed. */
  role: Role | null;
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

  /** The first 100 organisations of a user. */
  async function listOrganisations(userId: string) {
    const { rows } = await pool.query<{ orgId: string; role: Role }>(
      `select org_id as "orgId", role
       from memberships
       where user_id = $1
       order by org_id
       limit 100`,
      [userId],
    );
    return rows;
  }

  /** The first 100 members of the caller's organisation. */
  async function listMembers(caller: Caller) {
    const { rows } = await pool.query<{ userId: string; role: Role }>(
      `select member.user_id as "userId", member.role
       from memberships my
       join memberships member using (org_id)
       where ${ALLOWED}
       order by member.user_id
       limit 100`,
      allow(caller, 'member:read'),
    );
    return rows;
  }

  // #region change
  /** One statement decides and writes; all it reads is locked. */
  async function change({ memberId, role, ...caller }: Change) {
    if (role === undefined) throw new TypeError('role is missing');
    const mine = allow(caller, 'member:change');
    const values = [...mine, memberId, role, ROLES];
    // Read committed, whatever the default: it sees what it waited for.
    const { rows } = await inTransaction(pool, LIMITS, (tx) =>
      tx.query<{ outcome: Outcome }>(CHANGE, values),
    ).catch(inviteRetry);
    return rows[0]?.outcome ?? 'not_allowed';
  }
  // #endregion change

  return { found, listOrganisations, listMembers, change };
}

/** Short, so that one organisation does not use up the pool. */
const LIMITS = { lockTimeoutMs: 500, timeLimitMs: 2000 };

/** Nothing was changed when a wait was too long. */
function inviteRetry(cause: Error & { code?: string }): never {
  if (cause.code !== '55P03' && cause.code !== 'timed_out') throw cause;
  const options = { cause, retryAfterSeconds: 1 };
  throw new HttpProblem(503, 'try_again', cause.message, options);
}

// #region change-sql
const CHANGE = `
  with locked as materialized (
    select user_id, role, array_position($6::text[], role) as rank
    from memberships
    where org_id = $1 and (role = 'owner' or user_id in ($2, $4))
    -- In one order, so that two changes at once do not deadlock.
    order by user_id
    for no key update
  ), verdict as materialized (
    select case
      when actor.role <> all ($3::text[])
        and not ($2 = $4 and $5::text is null) then 'not_allowed'
      when member.role is null then 'not_a_member'
      -- A role that is not in ROLES has no rank, which is not true.
      when (member.rank <= actor.rank
            and ($5 is null or array_position($6, $5) <= actor.rank)
           ) is not true then 'not_allowed'
      when member.role = 'owner' and $5 is distinct from 'owner'
        and not exists (select from locked
                        where role = 'owner' and user_id <> $4)
        then 'last_owner'
      else 'changed'
    end as outcome
    from locked actor
    left join locked member on member.user_id = $4
    where actor.user_id = $2
  ), changed as (
    merge into memberships
    using verdict
      on outcome = 'changed' and org_id = $1 and user_id = $4
    when matched and $5 is null then delete
    when matched then update set role = $5
  )
  select outcome from verdict`;
// #endregion change-sql
