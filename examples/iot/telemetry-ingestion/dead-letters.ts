import type { Pool } from 'pg';

/** A message that is not a reading, or whose device may not send it. */
export type DeadLetter = {
  /** The key that its connection has shown. */
  keyId: string;
  clientId: string;
  topic: string;
  reason: string;
  payload: Buffer;
  receivedAt: Date;
};

/** Keeps those whose sender is not revoked, and returns their places. */
export async function insertDeadLetters(
  pool: Pool,
  letters: DeadLetter[],
): Promise<number[]> {
  if (letters.length === 0) return [];
  const { rows } = await pool.query<{ allowed: number[] }>(
    `with allowed as (
       select letter.*
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[],
         $5::bytea[], $6::timestamptz[]) with ordinality
       as letter (key_id, client_id, topic, reason, payload,
         received_at, place)
       join devices on devices.key_id = letter.key_id
       where revoked_at is null
     ), stored as (
       insert into dead_letters
         (client_id, topic, reason, payload, received_at)
       select client_id, left(topic, 200), reason, payload, received_at
       from allowed
     )
     select array(select place::int - 1 from allowed) as allowed`,
    [
      letters.map(({ keyId }) => keyId),
      letters.map(({ clientId }) => clientId),
      // No text in Postgres has a NUL.
      letters.map(({ topic }) => topic.replaceAll('\0', '')),
      letters.map(({ reason }) => reason),
      letters.map(({ payload }) => payload.subarray(0, 1024)),
      letters.map(({ receivedAt }) => receivedAt.toISOString()),
    ],
  );
  return rows.flatMap(({ allowed }) => allowed);
}
