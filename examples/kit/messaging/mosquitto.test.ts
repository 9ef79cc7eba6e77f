import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { waitUntil } from '../time/wait.ts';
import { startMosquitto } from './mosquitto.ts';

const LISTEN = `listener \${PORT} 127.0.0.1\n`;
/** The line of mosquitto_passwd for `ada` with the password `hunter2`. */
const ADA =
  'ada:$7$101$dG91Y2hzdG9uZTEy$VCzJGxJl5cwWSvwIelnZLpWzNLOtugiw9Qq104uesXwFg7EOK8Fto2ekiLarfptnLTh9BNY8HD5jDY7OhXg/1w==\n';

it('answers a client, before and after a restart', async () => {
  const configuration = writeFile(`${LISTEN}allow_anonymous true\n`);
  await using mosquitto = await startMosquitto({ configuration });

  expect(await connectAs(mosquitto.port)).toBe('accepted');
  await mosquitto.restart();
  expect(await connectAs(mosquitto.port)).toBe('accepted');
});

it('reads files of its folder again when they are rewritten', async () => {
  const configuration = writeFile(`${LISTEN}password_file \${FOLDER}/passwords\n`);
  const files = { passwords: '' };
  await using mosquitto = await startMosquitto({ configuration, files });
  const ask = () => connectAs(mosquitto.port, 'ada', 'hunter2');
  expect(await ask()).toBe('refused');

  await mosquitto.rewrite({ passwords: ADA });

  await waitUntil('ada is let in', async () => (await ask()) === 'accepted');
});

it('says what Mosquitto says of a file that it refuses', async () => {
  const configuration = writeFile(`${LISTEN}frobnicate on\n`);

  await expect(startMosquitto({ configuration })).rejects.toThrow(
    'Unknown configuration variable "frobnicate"',
  );
});

it('names the value that a configuration asks for and nobody gave', async () => {
  const configuration = writeFile(`address \${ENDPOINT}\n`);

  await expect(startMosquitto({ configuration })).rejects.toThrow(`asks for \${ENDPOINT}`);
});

/** MQTT 3.1.1 §3.1 and §3.2: CONNECT, and the return code of CONNACK. */
async function connectAs(port: number, user?: string, password?: string) {
  const texts = [user, password].filter((text) => text !== undefined);
  const flags = texts.length > 0 ? 0b1100_0010 : 0b0000_0010;
  const fields = ['', ...texts].map((text) => [0, text.length, ...Buffer.from(text)]);
  const body = [0, 4, ...Buffer.from('MQTT'), 4, flags, 0, 60, ...fields.flat()];
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.from([0x10, body.length, ...body]));
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return answer[3] === 0 ? 'accepted' : 'refused';
}

function writeFile(text: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit-mosquitto-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, text);
  return pathToFileURL(file);
}
