import { type Duplex, finished } from 'node:stream';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { Pool } from 'pg';
import { createBatches } from './batches.ts';
import { insertDeadLetters } from './dead-letters.ts';
import { createDevices, type Identity } from './devices.ts';
import { insertReadings } from './insert-readings.ts';
import { limitPackets } from './limit-packets.ts';
import { createQuota } from './quota.ts';
import { type Message, readMessage } from './read-message.ts';

export type IngestionOptions = {
  /** With time limits, or a database that is silent holds up everything. */
  pool: Pool;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
  /** How many messages a device may send in the long run, and at once. */
  perSecond: number;
  burst: number;
  /** Of messages that wait for the database. */
  maxWaitingBytes: number;
};

type Link = {
  identity?: Identity;
  gone: AbortSignal;
  /** How many of its messages have no answer yet. */
  waiting: number;
  turn: Promise<void>;
};

const MAX_PACKET = 65_536;
const MAX_IN_FLIGHT = 2000;
/** Measured: what a message costs besides its topic and payload. */
const OVERHEAD = 4096;

/** Takes readings over MQTT 3.1.1: its PUBACK says that the reading is committed. */
export async function startIngestion(options: IngestionOptions) {
  const { pool, clock, log, maxWaitingBytes } = options;
  const quota = createQuota(options);
  const devices = createDevices({ pool, clock });
  const batches = createBatches({ write, replace, log });
  const links = new WeakMap<Client, Link>();
  const sockets = new Set<Duplex>();
  const written = { stored: 0, duplicates: 0, deadLetters: 0 };
  const counts = { ...written, waiting: 0, waitingBytes: 0 };
  const broker = await Aedes.createBroker({
    // aedes would keep wills in memory.
    preConnect(_client, packet, done) {
      delete packet.will;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      const fail = (returnCode: number, why: string) =>
        done(Object.assign(new Error(why), { returnCode }), false);
      devices.authenticate(username, `${password}`).then(
        (identity) => {
          // MQTT-3.1.4-2: a second client of an id throws out the first.
          if (identity?.id !== client.id)
            return fail(4, 'not authorised');
          findLink(client).identity = identity;
          done(null, true);
        },
        (error) => fail(3, `${error}`), // come back later
      );
    },
    // #region hold-the-acknowledgement
    // aedes sends PUBACK when this hook is through, before all else: it
    // is the one place to hold it. Nothing more is read from a device
    // than what has arrived.
    authorizePublish(client, packet, done) {
      const link = findLink(client);
      const finish = (error?: Error) => {
        link.waiting -= 1;
        counts.waiting -= 1;
        // aedes obeys topics in $SYS, and keeps what is retained.
        packet.topic = 'taken';
        packet.retain = false;
        if (!client?.closed) done(error);
      };
      link.waiting += 1;
      counts.waiting += 1;
      take(link, packet).then(() => finish(), finish);
    },
    // #endregion hold-the-acknowledgement
    authorizeSubscribe: (_client, _topic, done) => done(null, null),
  });
  for (const event of ['clientError', 'connectionError'] as const)
    broker.on(event, ({ id }, { message }) =>
      log.warn('mqtt connection closed', { client: id, message }),
    );

  function findLink(client: Client | null): Link {
    const link = client && links.get(client);
    if (!link) throw new Error('not a connection of this endpoint');
    return link;
  }

  /** Resolves once nothing of the message can be lost any more. */
  async function take(link: Link, packet: PublishPacket) {
    const { identity, gone } = link;
    if (!identity) throw new Error('not connected');
    // aedes would keep it until a PUBREL that may never come.
    if (packet.qos === 2) throw new Error('QoS 2 is not offered');
    if (link.waiting > MAX_IN_FLIGHT)
      throw new Error('too many messages in flight');
    // A front sends for many: holding it would hold up the others.
    if (!identity.isFront) {
      link.turn = link.turn.then(() => quota.take(identity.id, gone));
      await link.turn;
    }
    await keep(identity, packet);
  }

  async function keep(identity: Identity, packet: PublishPacket) {
    const { topic, payload } = packet;
    const bytes = topic.length + payload.length + OVERHEAD;
    // So that NaN does not pass.
    if (!(counts.waitingBytes + bytes <= maxWaitingBytes))
      throw new Error('overloaded: send it again later');
    counts.waitingBytes += bytes;
    // MQTT-4.6.0-2: PUBACKs have the order of their PUBLISHes, because
    // all messages are in one queue.
    const adding = batches.add(readMessage(identity, packet, clock()));
    const isKept = await adding.finally(() => {
      counts.waitingBytes -= bytes;
    });
    // Nothing is kept for a connection whose own key is revoked.
    if (!isKept) throw new Error(`${identity.id} is revoked`);
  }

  // #region write
  /** Readings first: what is none, or not allowed, is a dead letter. */
  async function write(batch: Message[]) {
    const readings = batch.flatMap(({ reading }) => reading ?? []);
    const { allowed, stored } = await insertReadings(pool, readings);
    counts.stored += stored;
    counts.duplicates += allowed.length - stored;
    const kept = new Set<Message['reading']>(
      allowed.map((place) => readings[place]),
    );
    const letters = batch.filter(({ reading }) => !kept.has(reading));
    const places = new Set(await insertDeadLetters(pool, letters));
    counts.deadLetters += places.size;
    return new Set(letters.filter((_, place) => !places.has(place)));
  }
  // #endregion write

  function replace({ reading: _, ...letter }: Message): Message {
    return { ...letter, reason: 'refused' };
  }

  /** For each connection of a net.Server or a tls.Server. */
  function handle(socket: Duplex) {
    const closing = new AbortController();
    const client = broker.handle(limitPackets(socket, MAX_PACKET));
    const turn = Promise.resolve();
    links.set(client, { gone: closing.signal, waiting: 0, turn });
    sockets.add(socket);
    // aedes reads no end while it holds a message.
    finished(socket, () => {
      sockets.delete(socket);
      closing.abort();
    });
  }

  /** Closes all connections: what is not acknowledged is sent again. */
  async function stop() {
    // aedes forgets those that have no CONNACK yet.
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => broker.close(resolve));
    batches.stop();
  }

  return {
    handle,
    devices,
    readCounts: () => ({ ...counts }),
    [Symbol.asyncDispose]: stop,
  };
}
