import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import type { createDeadLetters } from './dead-letters.ts';
import type { createDevices, Identity } from './devices.ts';
import { limitPackets } from './limit-packets.ts';
import { readReading } from './read-reading.ts';
import type { createReadingStore } from './reading-store.ts';
import type { createTokenBuckets } from './token-buckets.ts';

type Packet = { topic: string; payload: Buffer | string };

/** What the endpoint needs. */
export type MqttEndpointOptions = {
  store: Pick<ReturnType<typeof createReadingStore>, 'add'>;
  devices: Pick<ReturnType<typeof createDevices>, 'authenticate'>;
  deadLetters: Pick<ReturnType<typeof createDeadLetters>, 'add'>;
  quota: ReturnType<typeof createTokenBuckets>;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
};

const TOPIC = /^devices\/([a-z0-9-]{1,40})\/readings$/;
const MAX_PACKET = 65_536;

/** Takes readings over MQTT 3.1.1: its PUBACK says that the reading is committed. */
export async function createMqttEndpoint(options: MqttEndpointOptions) {
  const { store, devices, deadLetters, quota, clock, log } = options;
  const identities = new WeakMap<Client, Identity>();
  const counts = { overQuota: 0 };
  const broker = await Aedes.createBroker({
    // #region hold-the-acknowledgement
    // aedes sends PUBACK when this hook is through, before all else: it
    // is the one place to hold it. Nothing more is read from a device
    // than what has arrived, so what it may make us keep is bounded.
    authorizePublish(client, packet, done) {
      const identity = identities.get(client as Client) as Identity;
      packet.retain = false; // aedes would keep it in memory
      receive(identity, packet).then(() => done(), done);
    },
    // #endregion hold-the-acknowledgement
    authenticate(client, username = '', password, done) {
      identify(client.id, username, `${password}`).then(
        (identity) => {
          identities.set(client, identity);
          done(null, true);
        },
        (error) => done(error, false),
      );
    },
    authorizeSubscribe: (_client, _topic, done) => done(null, null),
  });
  for (const event of ['clientError', 'connectionError'] as const)
    broker.on(event, ({ id }, { message }) =>
      log.warn('mqtt connection closed', { client: id, message }),
    );

  async function identify(clientId: string, id: string, key: string) {
    const identity = await devices
      .authenticate(id, key)
      .catch((cause) => Promise.reject(refuse(3, `${cause}`)));
    // MQTT-3.1.4-2: a second client of an id throws out the first.
    if (!identity || clientId !== id) throw refuse(4, 'not authorised');
    return identity;
  }

  // #region receive
  /** Resolves once nothing of the packet can be lost any more. */
  async function receive({ id, isFront }: Identity, packet: Packet) {
    const [, deviceId = ''] = TOPIC.exec(packet.topic) ?? [];
    const isOwn = isFront ? deviceId !== '' : deviceId === id;
    const payer = isOwn ? deviceId : id;
    const seconds = quota.take(payer);
    if (seconds > 0 && isFront) {
      // It speaks for many: holding this would hold up the others.
      counts.overQuota++;
      return quota.giveBack(payer);
    }
    if (seconds > 0) await pause(seconds * 1000, null, { ref: false });

    const { topic } = packet;
    const payload = Buffer.from(packet.payload);
    const receivedAt = clock();
    const about = { clientId: id, topic, payload, receivedAt };
    // MQTT-3.3.5-2: what may not be published is acknowledged too.
    if (!isOwn) return deadLetters.add('not its topic', about);
    const reading = readReading(deviceId, payload, receivedAt);
    if (!reading) return deadLetters.add('malformed', about);
    const outcome = await store.add(reading);
    if (outcome === 'kept') return;
    await deadLetters.add(outcome, about);
    if (outcome === 'revoked' && !isFront) throw new Error(outcome);
  }
  // #endregion receive

  /** Closes all connections: what is not acknowledged is sent again. */
  function close(): Promise<void> {
    return new Promise((resolve) => broker.close(resolve));
  }

  return {
    counts,
    handle: (socket: Socket) =>
      void broker.handle(limitPackets(socket, MAX_PACKET)),
    [Symbol.asyncDispose]: close,
  };
}

function refuse(returnCode: number, why: string): AuthenticateError {
  return Object.assign(new Error(why), { returnCode });
}
