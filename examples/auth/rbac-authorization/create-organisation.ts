import type { Pool } from 'pg';
import { ROLES, type Role } from './policies.ts';

/** An organisation with a contract, and the ids of its members. */
export type Organisation = {
  orgId: string;
  contractId: string;
  users: Record<Role, string>;
};

/** An organisation with one member of each role, and one contract. */
export async function createOrganisation(
  pool: Pool,
): Promise<Organisation> {
  const orgId = await insert('organisations default values');
  const users: [Role, string][] = [];
  for (const role of ROLES) {
    const userId = await insert('users default values');
    await pool.query('insert into memberships values ($1, $2, $3)', [
      orgId,
      userId,
      role,
    ]);
    users.push([role, userId]);
  }
  const contractId = await insert(
    "contracts (org_id, title, price_cents) values ($1, 'Lease', 9900)",
    [orgId],
  );
  const byRole = Object.fromEntries(users) as Record<Role, string>;
  return { orgId, contractId, users: byRole };

  async function insert(what: string, values: string[] = []) {
    const { rows } = await pool.query<{ id: string }>(
      `insert into ${what} returning id`,
      values,
    );
    return `${rows[0]?.id}`;
  }
}
