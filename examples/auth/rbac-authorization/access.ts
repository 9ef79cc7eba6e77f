import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { type Permission, POLICIES } from './policies.ts';

/** A user who is logged in, and the organisation of the request. */
export type Caller = { userId: string; orgId: string };

// #region allowed
/** Whether `my`, of memberships, is the caller's and may do it. */
export const ALLOWED =
  'my.org_id = $1 and my.user_id = $2 and my.role = any ($3)';

/** What $1 to $3 stand for. */
export function allow(
  { orgId, userId }: Caller,
  permission: Permission,
): unknown[] {
  return [orgId, userId, POLICIES[permission]];
}
// #endregion allowed

// #region require-permission
/** Throws 404 for a stranger, as if nothing were there; else 403. */
export async function requirePermission(
  db: Queryable,
  caller: Caller,
  permission: Permission,
): Promise<void> {
  const { rows } = await db.query<{ isAllowed: boolean }>(
    `select role = any ($3) as "isAllowed"
     from memberships
     where org_id = $1 and user_id = $2`,
    allow(caller, permission),
  );
  if (!rows[0]) throw new NotFoundProblem();
  if (rows[0].isAllowed) return;
  const advice = `Your role does not have ${permission}`;
  throw new HttpProblem(403, 'permission_missing', advice);
}
// #endregion require-permission

/** The same for what is not there and for what a stranger may not see. */
export class NotFoundProblem extends HttpProblem {
  constructor() {
    super(404, 'not_found', 'There is nothing at this path');
  }
}
