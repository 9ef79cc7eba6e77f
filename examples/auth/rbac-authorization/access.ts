import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { createMemberships } from './memberships.ts';
import { type Permission, rolesWith } from './policies.ts';

type Question = {
  userId: string;
  orgId: string;
  permission: Permission;
};

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Answers who may do what; each answer reads the membership anew. */
export function createAccess(db: Queryable) {
  const memberships = createMemberships(db);

  // #region explain
  /** Which rule allows it, or what is missing: for support. */
  async function explain({ userId, orgId, permission }: Question) {
    const isId = UUID.test(orgId) && UUID.test(userId);
    const role = isId
      ? await memberships.findRole(orgId, userId)
      : undefined;
    const roles = rolesWith(permission);
    const may = role !== undefined && roles.includes(role);
    return { may, role, permission, roles };
  }

  /** 404 for a stranger, as if it did not exist; 403 for a member. */
  async function require(question: Question): Promise<void> {
    const { may, role, permission } = await explain(question);
    if (may) return;
    if (!role) throw new HttpProblem(404, 'not_found', 'Not here');
    throw new HttpProblem(
      403,
      'permission_missing',
      `Ask an owner for ${permission}`,
    );
  }
  // #endregion explain

  return { explain, require };
}
