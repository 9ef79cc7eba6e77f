import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { ALLOWED, allow, type Caller } from './access.ts';
import { POLICIES } from './policies.ts';

/** The price is null for a role that may not see it. */
export type Contract = {
  id: string;
  title: string;
  priceCents: string | null;
};

/** The contracts of organisations: each statement decides by itself. */
export function createContracts(db: Queryable) {
  async function create(caller: Caller, title: string) {
    const { rows } = await db.query<{ id: string }>(
      `insert into contracts (org_id, title)
       select my.org_id, $4
       from memberships my
       where ${ALLOWED}
       returning id`,
      [...allow(caller, 'contract:write'), title],
    );
    return rows[0]?.id;
  }

  // #region find
  const VISIBLE = `
    select id, title,
      case when my.role = any ($4) then price_cents end as "priceCents"
    from memberships my
    join contracts using (org_id)
    where ${ALLOWED}`;

  function see(caller: Caller): unknown[] {
    const priced = POLICIES['contract:price'];
    return [...allow(caller, 'contract:read'), priced];
  }

  async function list(caller: Caller): Promise<Contract[]> {
    const { rows } = await db.query<Contract>(
      `${VISIBLE} order by id limit 100`,
      see(caller),
    );
    return rows;
  }

  async function find(caller: Caller, id: string) {
    const { rows } = await db.query<Contract>(
      `${VISIBLE} and id = $5`,
      [...see(caller), id],
    );
    return rows[0];
  }

  /** False when it is not there, or the role has gone meanwhile. */
  async function rename(caller: Caller, id: string, title: string) {
    const { rowCount } = await db.query(
      `update contracts
       set title = $5
       from memberships my
       where ${ALLOWED} and contracts.org_id = my.org_id and id = $4`,
      [...allow(caller, 'contract:write'), id, title],
    );
    return rowCount === 1;
  }
  // #endregion find

  async function setPrice(caller: Caller, id: string, cents: number) {
    const { rowCount } = await db.query(
      `update contracts
       set price_cents = $5
       from memberships my
       where ${ALLOWED} and contracts.org_id = my.org_id and id = $4`,
      [...allow(caller, 'contract:price'), id, cents],
    );
    return rowCount === 1;
  }

  async function remove(caller: Caller, id: string) {
    const { rowCount } = await db.query(
      `delete from contracts
       using memberships my
       where ${ALLOWED} and contracts.org_id = my.org_id and id = $4`,
      [...allow(caller, 'contract:delete'), id],
    );
    return rowCount === 1;
  }

  return { create, list, find, rename, setPrice, remove };
}
