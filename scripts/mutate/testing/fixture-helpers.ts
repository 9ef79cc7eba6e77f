import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startMosquitto } from '@touchstone/kit/messaging/mosquitto';
import { testRules } from '@touchstone/kit/monitoring/prometheus';
import { startNginx } from '@touchstone/kit/proxies/nginx';
import { vi } from 'vitest';

/** How often something beats within a time that no test has to wait for. */
export function countBeats(beat: (tick: () => void) => () => void, milliseconds: number): number {
  let beats = 0;
  vi.useFakeTimers();
  const stop = beat(() => {
    beats += 1;
  });
  vi.advanceTimersByTime(milliseconds);
  stop();
  vi.useRealTimers();
  return beats;
}

/** What nginx answers with such a site. */
export async function askSite(site: URL, path: string) {
  await using nginx = await startNginx({ site });
  const { status, headers } = await fetch(nginx.url + path);
  return { status, server: headers.get('server') };
}

type Expected = {
  expression: string;
  series: Record<string, string>;
  samples: Record<string, number>;
};

/** Throws when an expression gives other samples after twenty minutes of these series. */
export async function expectSamples(rules: URL, expected: Expected): Promise<void> {
  const { expression, series, samples } = expected;
  await testRules({
    rules,
    interval: '1m',
    series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    expected: [
      {
        expression,
        at: '20m',
        samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
      },
    ],
  });
}

// MQTT 5, 3.4.2.1: 0x00 to 0x7f are successes, such as 0x10 when no client has subscribed.
const SUCCESS = 0x00;
const FIRST_FAILURE = 0x80;
const NOT_AUTHORIZED = 0x87;
const CONFIGURATION = `listener \${PORT} 127.0.0.1
allow_anonymous true
acl_file \${FOLDER}/rights
`;

type Message = { user?: string; topic: string };

/** Whether Mosquitto lets a user publish to a topic, with such rights. */
export async function mayPublish(rights: URL, message: Message): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-rights-'));
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, CONFIGURATION);
  try {
    const files = { rights: readFileSync(rights, 'utf8') };
    await using mosquitto = await startMosquitto({ configuration: pathToFileURL(file), files });
    const reason = await publish(mosquitto.port, message);
    if (reason >= FIRST_FAILURE && reason !== NOT_AUTHORIZED)
      throw new Error(`Mosquitto answers a message with the reason code ${reason}`);
    return reason < FIRST_FAILURE;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The reason code of the PUBACK. */
async function publish(port: number, { user, topic }: Message): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  try {
    const flags = user === undefined ? 0x02 : 0x82;
    const settings = Buffer.of(5, flags, 0, 60, 0);
    const names = user === undefined ? [toText('')] : [toText(''), toText(user)];
    socket.write(toPacket(0x10, [toText('MQTT'), settings, ...names]));
    await once(socket, 'data');
    socket.write(toPacket(0x32, [toText(topic), Buffer.of(0, 1, 0)]));
    const [acknowledged] = (await once(socket, 'data')) as [Buffer];
    return acknowledged[4] ?? SUCCESS; // left out when all is well
  } finally {
    socket.destroy();
  }
}

function toPacket(kind: number, parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(kind, body.length), body]);
}

function toText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(0, bytes.length), bytes]);
}
