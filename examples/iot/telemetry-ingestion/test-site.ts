import { startMosquitto } from '@touchstone/kit/messaging/mosquitto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { testClock } from '@touchstone/kit/time/clock';
import pg from 'pg';
import { type IngestionOptions, startIngestion } from './ingestion.ts';
import { writeMosquittoFiles } from './mosquitto-files.ts';
import { createReadings } from './readings.ts';
import { connectDevice } from './test-device.ts';

/** Devices speak to the ingestion itself, or to a Mosquitto in front of it. */
export const BROKERS = ['aedes', 'mosquitto'] as const;

type SiteOptions = Partial<IngestionOptions> & {
  broker?: (typeof BROKERS)[number];
};

/** Everything from a broker to a database of its own, with a clock that stands still. */
export async function startTestSite(options: SiteOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(
    await freshDatabase({
      schema: new URL('schema.sql', import.meta.url),
    }),
  );
  const own = new URL(database.url);
  const proxy = stack.use(await startTcpProxy(Number(own.port)));
  own.port = `${proxy.port}`;
  // Through the proxy, so that a test can take the database away.
  const pool = new pg.Pool({ connectionString: own.href });
  pool.on('error', () => {});
  stack.defer(() => pool.end());
  const clock = testClock();
  const log = createTestLog();
  const ingestion = stack.use(
    await startIngestion({
      retrySeconds: 0.05,
      ...options,
      pool,
      clock,
      log,
    }),
  );
  const { devices } = ingestion;
  const keys = new Map<string, string>();
  const link = stack.use(await startTcpProxy(ingestion.port));
  const mosquitto =
    options.broker === 'mosquitto'
      ? stack.use(await startFront(devices, link.port))
      : undefined;
  const owned = stack.move();

  /** A device with a key; connect it as often as you like. */
  async function register(id: string): Promise<string> {
    const key = await devices.register(id);
    if (!key) throw new Error(`${id} is there already`);
    keys.set(id, key);
    await mosquitto?.rewrite(await writeMosquittoFiles(devices));
    return key;
  }

  const knock = (id: string, key: string) =>
    connectDevice(url, id, key);

  /** The device, registered when it is new. */
  async function connect(id: string) {
    return knock(id, keys.get(id) ?? (await register(id)));
  }

  async function list(sql: string): Promise<string[]> {
    const { rows } = await database.pool.query<{ text: string }>(sql);
    return rows.map(({ text }) => text);
  }

  const url = mosquitto?.url ?? `mqtt://127.0.0.1:${link.port}`;
  return {
    ...ingestion,
    url,
    pool: database.pool,
    clock,
    mosquitto,
    logged: log.logged,
    readings: createReadings({ pool: database.pool }),
    register,
    connect,
    knock,
    /** Of whoever speaks to the ingestion: the device, or the broker. */
    cutConnections: link.cut,
    listStored: () =>
      list(`select device_id || ' ' || sequence as text from readings`),
    listDead: () => list('select reason as text from dead_letters'),
    dumpDevices: async () =>
      (await list('select devices::text as text from devices')).join(),
    takeDatabaseAway() {
      proxy.pointTo(1); // where nobody listens
      proxy.cut();
    },
    bringDatabaseBack: () =>
      proxy.pointTo(Number(new URL(database.url).port)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Devices = Awaited<ReturnType<typeof startIngestion>>['devices'];

async function startFront(devices: Devices, port: number) {
  const key = await devices.register('front', { isFront: true });
  return startMosquitto({
    configuration: new URL('mosquitto.conf', import.meta.url),
    values: {
      ENDPOINT: `127.0.0.1:${port}`,
      FRONT_ID: 'front',
      FRONT_KEY: `${key}`,
    },
    files: await writeMosquittoFiles(devices),
  });
}

function createTestLog() {
  const logged: string[] = [];
  const warn = (message: string, details: object) =>
    void logged.push(`${message} ${JSON.stringify(details)}`);
  return { logged, warn };
}
