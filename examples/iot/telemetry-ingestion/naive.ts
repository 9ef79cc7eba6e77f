import { Aedes } from 'aedes';
import type { Pool } from 'pg';
import { listenMqtt } from './listen-mqtt.ts';

type NaiveOptions = {
  pool: Pool;
  log: { error: (message: string, error: unknown) => void };
};

/** The tempting way: a broker in the process, and an insert for each message that it announces. */
export async function startNaiveIngestion({ pool, log }: NaiveOptions) {
  const broker = await Aedes.createBroker();
  const counts = { handled: 0 };
  await pool.query(
    `create table if not exists naive_readings (
       device_id text, at timestamptz, metric text, value float8
     )`,
  );

  // #region naive-ingest
  async function store(topic: string, payload: string) {
    const { at, metric, value } = JSON.parse(payload);
    await pool.query(
      `insert into naive_readings (device_id, at, metric, value)
       values ($1, to_timestamp($2 / 1000.0), $3, $4)`,
      [topic.split('/')[1], at, metric, value],
    );
  }

  broker.on('publish', ({ topic, payload }, client) => {
    if (!client) return; // the broker itself
    store(topic, `${payload}`)
      .catch((error) => log.error('reading not stored', error))
      .finally(() => counts.handled++);
  });
  // #endregion naive-ingest

  const mqtt = await listenMqtt({
    handle: (socket) => void broker.handle(socket),
  });
  async function stop() {
    mqtt[Symbol.dispose]();
    await new Promise<void>((resolve) => broker.close(resolve));
  }
  return { ...mqtt, counts, [Symbol.asyncDispose]: stop };
}
