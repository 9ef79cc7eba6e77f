import { startMosquitto } from '@touchstone/kit/messaging/mosquitto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { IClientOptions } from 'mqtt';
import type { Pool } from 'pg';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import type { createDevices } from './devices.ts';
import { type IngestionOptions, startIngestion } from './ingestion.ts';
import { listenMqtt } from './listen-mqtt.ts';
import { createReadings } from './readings.ts';
import { connectDevice } from './test-device.ts';

/** Devices send to the ingestion itself, or to a Mosquitto in front of it. */
export const BROKERS = ['aedes', 'mosquitto'] as const;

type SiteOptions = Partial<IngestionOptions> & {
  broker?: (typeof BROKERS)[number];
  lockTimeoutMs?: number;
};

/** Everything from a broker to a database of its own, with a clock that only the test moves. */
export async function startTestSite(options: SiteOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const { pool } = database;
  const own = new URL(database.url);
  // Through a proxy, so that a test can take the database away.
  const proxy = stack.use(await startTcpProxy(Number(own.port)));
  const clock = testClock();
  const log = createTestLog();
  own.port = `${proxy.port}`;
  const proxied = createPool({
    connectionString: own.href,
    applicationName: 'ingestion',
    lockTimeoutMs: options.lockTimeoutMs ?? 5000,
    endTimeoutMs: 100,
    log,
  });
  stack.defer(() => proxied.end());
  const limits = {
    perSecond: 10,
    burst: 36_000,
    maxWaitingBytes: 2 ** 26,
  };
  const shared = { ...limits, ...options, clock, log };
  const ingestion = stack.use(
    await startIngestion({ ...shared, pool: proxied }),
  );
  const { devices } = ingestion;
  const mqtt = stack.use(await listenMqtt(ingestion));
  const keys = new Map<string, string>();
  const link = stack.use(await startTcpProxy(mqtt.port));
  const mosquitto =
    options.broker === 'mosquitto'
      ? stack.use(await startFront(devices, link.port))
      : undefined;
  const url = mosquitto?.url ?? `mqtt://127.0.0.1:${link.port}`;
  const owned = stack.move();

  /** A device with a key; connect it as often as you like. */
  async function register(id: string, rights = {}): Promise<string> {
    const key = await devices.register(id, rights);
    if (!key) throw new Error(`${id} is there already`);
    keys.set(id, key);
    await mosquitto?.rewrite(await devices.writeMosquittoFiles());
    return key;
  }

  const knock = (id: string, key: string, how?: IClientOptions) =>
    connectDevice(url, id, key, how);

  /** The device, registered when it is new. */
  async function connect(id: string, how?: IClientOptions) {
    return knock(id, keys.get(id) ?? (await register(id)), how);
  }

  async function list(sql: string): Promise<string[]> {
    const { rows } = await pool.query<{ text: string }>(sql);
    return rows.map(({ text }) => text);
  }

  return {
    ...ingestion,
    url,
    port: mqtt.port,
    pool,
    clock,
    mosquitto,
    readings: createReadings({ pool }),
    register,
    connect,
    knock,
    /** All that the ingestion has logged, as text. */
    readLog: () => JSON.stringify(log.entries),
    /** Of the device, or of the broker in front. */
    cutConnections: link.cut,
    listStored: () =>
      list(`select device_id || ' ' || sequence as text
            from readings
            order by received_at, device_id, sequence`),
    listDead: () =>
      list('select reason as text from dead_letters order by id'),
    dumpDevices: async () =>
      (await list('select devices::text as text from devices')).join(),
    untilStored: (count: number) =>
      waitUntil(`${count} are stored`, async () => {
        const { rowCount } = await pool.query('select from readings');
        return rowCount === count;
      }),
    takeDatabaseAway() {
      proxy.pointTo(1); // where nobody listens
      proxy.cut();
    },
    bringDatabaseBack: () =>
      proxy.pointTo(Number(new URL(database.url).port)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startFront(
  devices: ReturnType<typeof createDevices>,
  port: number,
) {
  const key = await devices.register('front', { isFront: true });
  return startMosquitto({
    configuration: new URL('mosquitto.conf', import.meta.url),
    values: {
      ENDPOINT: `127.0.0.1:${port}`,
      FRONT_ID: 'front',
      FRONT_KEY: `${key}`,
    },
    files: await devices.writeMosquittoFiles(),
  });
}

/** Makes batches of readings wait, just before the commit. */
export async function holdCommits(pool: Pool) {
  const { unlock } = await lockTable(
    pool,
    'latest_readings',
    'exclusive',
  );
  return {
    reached: () => untilWaiting(pool),
    open: unlock,
    [Symbol.asyncDispose]: unlock,
  };
}
