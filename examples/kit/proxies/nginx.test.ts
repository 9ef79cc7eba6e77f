import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../app/http.ts';
import { startNginx } from './nginx.ts';

const LISTEN = `server { listen 127.0.0.1:\${PORT};`;

it('passes requests to a server of ours, and ends when it is disposed of', async () => {
  await using app = await listen((_request, response) => void response.end('from behind'));
  const site = writeSite(`${LISTEN} location / { proxy_pass \${APP}; } }`);
  const nginx = await startNginx({ site, values: { APP: app.url } });

  const response = await fetch(nginx.url);
  expect(response.headers.get('server')).toContain('nginx');
  expect(await response.text()).toBe('from behind');

  await nginx[Symbol.asyncDispose]();
  await expect(fetch(nginx.url)).rejects.toThrow('fetch failed');
});

it('says what nginx says of a site that it refuses', async () => {
  const site = writeSite(`${LISTEN} frobnicate on; }`);

  await expect(startNginx({ site })).rejects.toThrow('unknown directive "frobnicate"');
});

it('names the value that a site asks for and nobody gave', async () => {
  const site = writeSite(`${LISTEN} root \${ROOT}; }`);

  await expect(startNginx({ site })).rejects.toThrow(`asks for \${ROOT}`);
});

function writeSite(text: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, text);
  return pathToFileURL(file);
}
