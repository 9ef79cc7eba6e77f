import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { type Permission, rolesWith } from './policies.ts';

type Project = { id: string; orgId: string; name: string };

// #region may
/** The one condition of lists, single rows and writes. */
const MAY = `exists (
  select from memberships
  where memberships.org_id = projects.org_id
    and memberships.user_id = $1
    and memberships.role = any ($2))`;

/** The projects of an organisation; each query decides by itself. */
export function createProjects(db: Queryable) {
  async function list(userId: string, orgId: string) {
    const { rows } = await db.query<Project>(
      `select id, org_id as "orgId", name from projects
       where ${MAY} and org_id = $3
       order by id limit 100`,
      [...may(userId, 'project:read'), orgId],
    );
    return rows;
  }

  async function find(userId: string, orgId: string, id: string) {
    const { rows } = await db.query<Project>(
      `select id, org_id as "orgId", name from projects
       where ${MAY} and org_id = $3 and id = $4`,
      [...may(userId, 'project:read'), orgId, id],
    );
    return rows[0];
  }

  /** False when it is not there, or the user may not by now. */
  async function rename(
    userId: string,
    { id, orgId, name }: Project,
  ): Promise<boolean> {
    const { rowCount } = await db.query(
      `update projects set name = $5
       where ${MAY} and org_id = $3 and id = $4`,
      [...may(userId, 'project:write'), orgId, id, name],
    );
    return rowCount === 1;
  }

  return { list, find, rename };
}

function may(userId: string, permission: Permission) {
  return [userId, rolesWith(permission)];
}
// #endregion may
