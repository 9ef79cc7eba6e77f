import {
  connectAsync,
  type IClientOptions,
  type MqttClient,
} from 'mqtt';

/** What a device says of a moment; `at` in milliseconds. */
export type Measurement = {
  sequence: number;
  at: number;
  metric?: string;
  value?: number;
};

/** A device on its way to a broker: it sends again what is not acknowledged. */
export async function connectDevice(
  url: string,
  id: string,
  key: string,
  options: IClientOptions = {},
) {
  const client = await connectAsync(
    url,
    {
      clientId: id,
      username: id,
      password: key,
      clean: false,
      reconnectPeriod: 50,
      reconnectOnConnackError: true,
      ...options,
    },
    false,
  );
  client.on('error', () => {}); // a test asks for what matters to it

  /** Resolves when the broker has acknowledged it. */
  async function publish(topic: string, payload: string | Buffer) {
    await client.publishAsync(topic, payload, { qos: 1 });
  }

  return {
    client,
    publish,
    send: (measurement: Measurement) =>
      publish(`devices/${id}/readings`, write(measurement)),
    closed: () => hasClosed(client),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

/** The payload of a reading. */
export function write(measurement: Measurement): string {
  return JSON.stringify({
    metric: 'celsius',
    value: 21.5,
    ...measurement,
  });
}

async function hasClosed(client: MqttClient): Promise<void> {
  if (!client.connected) return;
  await new Promise<void>((resolve) => client.once('close', resolve));
}
