import type { Pool } from 'pg';
import { inTransaction } from './in-transaction.ts';
import type { Queryable } from './queryable.ts';

export type Transfer = {
  id: string;
  sender: string;
  receiver: string;
  cents: number;
  note: string;
};

export type Withdrawal = { account: string; cents: number };

type Options = {
  pool: Pool;
  log: { warn: (message: string, details: object) => void };
};

const FAULTS = {
  no_such_account: 'There is no such account',
  not_enough_money: 'There is not enough money',
  other_transfer: 'Another transfer has this id',
};

/** What the caller asked for cannot be done. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
  readonly status = 409;
  readonly expose = true;
  readonly code: keyof typeof FAULTS;

  constructor(code: keyof typeof FAULTS) {
    super(FAULTS[code]);
    this.code = code;
  }
}

/** Accounts whose money neither vanishes nor comes from nothing. */
export function createAccounts({ pool, log }: Options) {
  // #region transfer
  /** Moves the money once for each id, even when called twice. */
  function transfer(transfer: Transfer, signal?: AbortSignal) {
    const { sender, receiver, cents } = transfer;
    return inTransaction(pool, { signal, log }, async (tx) => {
      const balances = await lockAccounts(tx, [sender, receiver]);
      if (!(await insertTransfer(tx, transfer))) return 'done before';
      if (!(Number(balances.get(sender)) >= cents))
        throw new AccountError('not_enough_money');
      await addCents(tx, sender, -cents);
      await addCents(tx, receiver, cents);
      return 'done';
    });
  }
  // #endregion transfer

  // #region withdraw
  /** The rule reads rows that it does not write: no row lock helps. */
  function withdraw({ account, cents }: Withdrawal) {
    const isolation = 'serializable';
    return inTransaction(pool, { isolation, log }, async (tx) => {
      const { rows } = await tx.query<{ total: string }>(
        `select sum(cents) as total
         from accounts
         where owner = (select owner from accounts where id = $1)`,
        [account],
      );
      const left = Number(rows[0]?.total ?? 0) - cents;
      if (left < 0) throw new AccountError('not_enough_money');
      await addCents(tx, account, -cents);
      return left;
    });
  }
  // #endregion withdraw

  async function list() {
    const { rows } = await pool.query<{ id: string; cents: string }>(
      'select id, cents from accounts order by id',
    );
    return rows.map(({ id, cents }) => ({ id, cents: Number(cents) }));
  }

  return { transfer, withdraw, list };
}

// #region lock-in-order
/** All lock in the order of ids: none waits in a circle. */
async function lockAccounts(
  tx: Queryable,
  ids: string[],
): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ id: string; cents: string }>(
    `select id, cents
     from accounts
     where id = any ($1)
     order by id
     for no key update`,
    [ids],
  );
  if (rows.length < ids.length)
    throw new AccountError('no_such_account');
  return new Map(rows.map(({ id, cents }) => [id, Number(cents)]));
}
// #endregion lock-in-order

/** False when the same transfer is there; another one with its id is refused. */
async function insertTransfer(
  tx: Queryable,
  { id, sender, receiver, cents, note }: Transfer,
): Promise<boolean> {
  const values = [id, sender, receiver, cents, note];
  const inserted = await tx.query(
    `insert into transfers (id, sender, receiver, cents, note)
     values ($1, $2, $3, $4, $5)
     on conflict (id) do nothing`,
    values,
  );
  if (inserted.rowCount === 1) return true;
  const same = await tx.query(
    `select
     from transfers
     where id = $1
       and sender = $2
       and receiver = $3
       and cents = $4
       and note = $5`,
    values,
  );
  if (same.rowCount !== 1) throw new AccountError('other_transfer');
  return false;
}

async function addCents(tx: Queryable, id: string, cents: number) {
  await tx.query(
    'update accounts set cents = cents + $2 where id = $1',
    [id, cents],
  );
}
