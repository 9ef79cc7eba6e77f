import { z } from 'zod';

const MOST_BYTES = 65_536;

/** The name of a topic, as the schema has it too. */
export const topicName = z.string().regex(/^[a-z0-9-]{1,64}$/);

/** The name of a guest, which proves nothing. */
export const guestName = z.string().min(1).max(64);

/** A guest who comes. */
export const guest = z.strictObject({ name: guestName });

/** An event to append: one word, and data that fits into a row. */
export const newEvent = z.strictObject({
  type: z.string().regex(/^(?!reset$)[a-z-]{1,32}$/),
  data: z
    .json()
    .refine(
      (data) => Buffer.byteLength(JSON.stringify(data)) <= MOST_BYTES,
      { error: `more than ${MOST_BYTES} bytes of JSON` },
    ),
});

/** A place in a log; a client may send any text as its Last-Event-ID. */
export const eventId = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .optional();
