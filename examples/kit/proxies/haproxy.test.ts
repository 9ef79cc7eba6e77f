import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../app/http.ts';
import { startHAProxy } from './haproxy.ts';

const CONFIGURATION = `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend site
  bind 127.0.0.1:\${PORT}
  default_backend app
backend app
  server app 127.0.0.1:\${APP}
`;

it('passes requests to a server of ours, and ends when it is disposed of', async () => {
  await using app = await listen((_request, response) => void response.end('from behind'));
  const configuration = writeConfiguration(CONFIGURATION);
  const values = { APP: new URL(app.url).port };
  const proxy = await startHAProxy({ configuration, values });

  expect(await (await fetch(proxy.url)).text()).toBe('from behind');

  await proxy[Symbol.asyncDispose]();
  await expect(fetch(proxy.url)).rejects.toThrow('fetch failed');
});

it('says what HAProxy says of a file that it refuses', async () => {
  const configuration = writeConfiguration('frontend site\n  frobnicate on\n');

  await expect(startHAProxy({ configuration })).rejects.toThrow("unknown keyword 'frobnicate'");
});

function writeConfiguration(text: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit-haproxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  return pathToFileURL(file);
}
