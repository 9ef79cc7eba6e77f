import { type Duplex, finished } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import type { Outcome } from './batches.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { createDevices, Identity } from './devices.ts';
import type { SentReading } from './insert-readings.ts';
import { limitPackets } from './limit-packets.ts';
import type { createQuota } from './quota.ts';
import { readReading } from './read-reading.ts';

type Add<Item> = (item: Item) => Promise<Outcome>;

/** What the endpoint needs; messages of at most `maxWaitingBytes` wait for the database. */
export type MqttEndpointOptions = {
  addReading: Add<SentReading>;
  addDeadLetter: Add<DeadLetter>;
  devices: Pick<ReturnType<typeof createDevices>, 'authenticate'>;
  quota: ReturnType<typeof createQuota>;
  maxWaitingBytes: number;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
};

type Packet = { topic: string; payload: Buffer | string; qos: number };

type Message = { topic: string; payload: Buffer; receivedAt: Date };

type Link = { identity?: Identity; gone: AbortSignal; last?: unknown };

const TOPIC = /^devices\/([^/]+)\/readings$/;
const MAX_PACKET = 65_536;
/** What a message costs besides its payload. */
const OVERHEAD = 1024;

/** Takes readings over MQTT 3.1.1: its PUBACK says that the reading is committed. */
export async function createMqttEndpoint(options: MqttEndpointOptions) {
  const { devices, quota, maxWaitingBytes, clock, log } = options;
  const links = new WeakMap<Client, Link>();
  const counts = { waiting: 0, waitingBytes: 0 };
  const broker = await Aedes.createBroker({
    // aedes would keep wills and retained messages in memory.
    preConnect(_client, packet, done) {
      delete packet.will;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      const fail = (code: number, why: string) =>
        done(
          Object.assign(new Error(why), { returnCode: code }),
          false,
        );
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
    // than what has arrived, so what it may make us keep is bounded.
    authorizePublish(client, packet, done) {
      const link = findLink(client);
      packet.retain = false;
      const work = take(link, packet);
      const finish = (error?: Error) => client?.closed || done(error);
      // MQTT-4.6.0-2: PUBACKs have the order of their PUBLISHes.
      const inOrder = Promise.all([work, link.last]);
      link.last = inOrder.then(() => finish(), finish);
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

  /** Holds a message back, or sends it away: its device still has it. */
  async function take({ identity, gone }: Link, packet: Packet) {
    if (!identity) throw new Error('not connected');
    // aedes would keep it until a PUBREL that may never come.
    if (packet.qos === 2) throw new Error('QoS 2 is not offered');
    const bytes = packet.payload.length + OVERHEAD;
    counts.waiting += 1;
    try {
      // A front sends for many: holding it would hold up the others.
      if (!identity.isFront) await quota.take(identity.id, gone);
      // So that NaN does not pass.
      if (!(counts.waitingBytes + bytes <= maxWaitingBytes))
        throw new Error('overloaded: send it again later');
      counts.waitingBytes += bytes;
      await receive(identity, packet).finally(() => {
        counts.waitingBytes -= bytes;
      });
    } finally {
      counts.waiting -= 1;
    }
  }

  // #region receive
  /** Resolves once nothing of the message can be lost any more. */
  async function receive(identity: Identity, packet: Packet) {
    const { topic } = packet;
    const payload = Buffer.from(packet.payload);
    const message = { topic, payload, receivedAt: clock() };
    const reason = await keep(identity, message);
    if (reason === 'kept') return;
    const { id: clientId, keyId } = identity;
    const letter = { ...message, clientId, keyId, reason };
    const end = await options.addDeadLetter(letter);
    // Nothing is kept for a connection whose own key is revoked.
    if (end !== 'kept') throw new Error(`${clientId} is ${end}`);
  }

  async function keep(identity: Identity, message: Message) {
    const { id, keyId, isFront } = identity;
    const { topic, payload, receivedAt } = message;
    const [, deviceId] = TOPIC.exec(topic) ?? [];
    // MQTT-3.3.5-2: what may not be published is acknowledged too.
    if (!deviceId || (deviceId !== id && !isFront))
      return 'not its topic';
    const reading = readReading(deviceId, payload, receivedAt);
    if (!reading) return 'malformed';
    return options.addReading({ ...reading, keyId });
  }
  // #endregion receive

  /** Closes all connections: what is not acknowledged is sent again. */
  function close(): Promise<void> {
    return new Promise((resolve) => broker.close(resolve));
  }

  /** For each connection of a net.Server or a tls.Server. */
  function handle(socket: Duplex) {
    const gone = new AbortController();
    const client = broker.handle(limitPackets(socket, MAX_PACKET));
    links.set(client, { gone: gone.signal });
    // aedes reads no end while it holds a message.
    finished(socket, () => gone.abort());
  }

  return { counts, handle, [Symbol.asyncDispose]: close };
}
