import type { Pool } from 'pg';
import { z } from 'zod';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import type { WebhookHandler } from './webhook-handlers.ts';

/** Acme sends the time of a change; two changes have two times. */
const acmeEvent = z.object({
  type: z.string(),
  timestamp: z.iso.datetime({ offset: true }),
  data: z.unknown(),
});
/** Stripe's `created` has whole seconds, and its manual says not to order by it. */
const stripeEvent = z.object({
  type: z.string(),
  data: z.object({ object: z.unknown() }),
});

const customer = z.string().min(1).max(255);
const paid = z.object({ customer, amount_paid: z.int().positive() });
const changed = z.object({ customer, status: z.string().max(50) });

/** Credits payments and follows subscriptions; ignores all else. */
export const applyAcmeEvent: WebhookHandler = async ({ body }, tx) => {
  const event = acmeEvent.parse(JSON.parse(`${body}`));
  const { type, timestamp, data } = event;
  if (type === 'invoice.paid') await credit(paid.parse(data), tx);
  if (type === 'subscription.changed')
    await follow(changed.parse(data), new Date(timestamp), tx);
};

/** Credits payments; ignores all else. */
export const applyStripeEvent: WebhookHandler = async (
  { body },
  tx,
) => {
  const { type, data } = stripeEvent.parse(JSON.parse(`${body}`));
  if (type === 'invoice.paid')
    await credit(paid.parse(data.object), tx);
};

/** Adding is not idempotent: twice would be twice the money. */
export async function credit(
  payment: z.output<typeof paid>,
  tx: Queryable,
): Promise<void> {
  await tx.query(
    `insert into accounts (customer, credit_cents)
     values ($1, $2)
     on conflict (customer) do update
     set credit_cents = accounts.credit_cents + excluded.credit_cents`,
    [payment.customer, payment.amount_paid],
  );
}

// #region follow
/** The newest by the sender's time stays, in whatever order they come. */
async function follow(
  { customer, status }: z.output<typeof changed>,
  at: Date,
  tx: Queryable,
) {
  await tx.query(
    `insert into accounts as known (customer, status, status_at)
     values ($1, $2, $3)
     on conflict (customer) do update
     set status = excluded.status, status_at = excluded.status_at
     where known.status_at is null
        or known.status_at < excluded.status_at`,
    [customer, status, at],
  );
}
// #endregion follow

/** What is known of a customer. */
export async function findAccount(pool: Pool, customer: string) {
  const { rows } = await pool.query<{
    creditCents: number;
    status: string | null;
  }>(
    `select credit_cents::int as "creditCents", status
     from accounts
     where customer = $1`,
    [customer],
  );
  return rows[0];
}
