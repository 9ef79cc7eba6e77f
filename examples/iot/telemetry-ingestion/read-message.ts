import { z } from 'zod';
import type { DeadLetter } from './dead-letters.ts';
import type { Identity } from './devices.ts';
import type { Reading, SentReading } from './insert-readings.ts';

/** A dead letter, unless its reading may be kept. */
export type Message = DeadLetter & { reading?: SentReading };

type Packet = { topic: string; payload: Buffer | string };

const TOPIC = /^devices\/([^/]+)\/readings$/;
const MAX_BYTES = 1024;
const HOUR = 60 * 60 * 1000;

const payloadSchema = z.strictObject({
  sequence: z.int().min(0),
  /** Milliseconds since 1970, up to the year 9999. */
  at: z.int().min(0).max(253_402_300_799_999),
  metric: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  value: z.number(),
});

// #region read-message
/** A reading of the sender, or why it is none. */
export function readMessage(
  { id: clientId, keyId, isFront }: Identity,
  packet: Packet,
  receivedAt: Date,
): Message {
  const { topic } = packet;
  const payload = Buffer.from(packet.payload);
  const letter = { clientId, keyId, topic, payload, receivedAt };
  const [, deviceId] = TOPIC.exec(topic) ?? [];
  // MQTT-3.3.5-2: what may not be published is acknowledged too.
  if (!deviceId || (deviceId !== clientId && !isFront))
    return { ...letter, reason: 'not its topic' };
  const reading = readReading(deviceId, payload, receivedAt);
  if (!reading) return { ...letter, reason: 'malformed' };
  const sent = { ...reading, keyId };
  return { ...letter, reason: 'revoked', reading: sent };
}
// #endregion read-message

/** What a payload says, or undefined when it is not a reading. */
export function readReading(
  deviceId: string,
  payload: Buffer,
  receivedAt: Date,
): Reading | undefined {
  const said = parse(payload);
  if (!said) return undefined;
  const measuredAt = new Date(said.at);
  const at = believe(measuredAt, receivedAt);
  return { deviceId, ...said, measuredAt, at, receivedAt };
}

function parse(payload: Buffer) {
  try {
    if (payload.length > MAX_BYTES) return undefined;
    return payloadSchema.parse(JSON.parse(payload.toString()));
  } catch {
    return undefined;
  }
}

// #region believe
/** Late data is normal. Before the device was made, or tomorrow, is not. */
function believe(measuredAt: Date, receivedAt: Date): Date {
  const age = receivedAt.getTime() - measuredAt.getTime();
  const isPossible = age > -HOUR && age < 30 * 24 * HOUR;
  return isPossible ? measuredAt : receivedAt;
}
// #endregion believe
