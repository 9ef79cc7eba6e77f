import type { Pool } from 'pg';

/** A message that is no reading, and never will be. */
export type DeadLetter = {
  clientId: string;
  topic: string;
  payload: Buffer;
  receivedAt: Date;
};

/** Keeps what cannot be stored, for a person to look at. */
export function createDeadLetters({ pool }: { pool: Pool }) {
  async function add(reason: string, letter: DeadLetter) {
    const { clientId, topic, payload, receivedAt } = letter;
    await pool.query(
      `insert into dead_letters
         (client_id, topic, reason, payload, received_at)
       values ($1, left($2, 200), $3, $4, $5)`,
      [
        clientId,
        topic.replaceAll('\0', ''), // no text in Postgres has one
        reason,
        payload.subarray(0, 1024),
        receivedAt,
      ],
    );
  }

  async function list() {
    const { rows } = await pool.query<
      Omit<DeadLetter, 'payload'> & { reason: string }
    >(
      `select client_id as "clientId", topic, reason,
              received_at as "receivedAt"
       from dead_letters
       order by id desc
       limit 100`,
    );
    return rows;
  }

  return { add, list };
}
