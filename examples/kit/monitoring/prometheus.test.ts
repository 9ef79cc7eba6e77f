import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../app/http.ts';
import { waitUntil } from '../time/wait.ts';
import { startPrometheus, testRules } from './prometheus.ts';

const TOO_HOT = `groups:
  - name: kitchen
    rules:
      - alert: TooHot
        expr: oven_celsius > 200
        annotations: { summary: "{{ $value }} degrees" }
`;

it('scrapes a server of ours and raises an alert, and ends when it is disposed of', async () => {
  await using oven = await listen((_request, response) => void response.end('oven_celsius 250\n'));
  const prometheus = await startPrometheus({ rules: writeRules(TOO_HOT), targets: [oven.url] });

  await waitUntil('the alert is there', async () => (await prometheus.listAlerts()).length > 0);
  expect(await prometheus.listAlerts()).toMatchObject([
    {
      state: 'firing',
      labels: { alertname: 'TooHot', instance: new URL(oven.url).host },
      annotations: { summary: '250 degrees' },
    },
  ]);

  expect(await prometheus.query('oven_celsius / 10')).toMatchObject([{ value: 25 }]);
  await expect(prometheus.query('oven celsius')).rejects.toThrow('Prometheus: ');

  await prometheus[Symbol.asyncDispose]();
  await expect(prometheus.listAlerts()).rejects.toThrow('fetch failed');
});

it('says what promtool says of rules that are none', async () => {
  const rules = writeRules(TOO_HOT.replace('> 200', '> > 200'));

  await expect(startPrometheus({ rules, targets: [] })).rejects.toThrow('could not parse');
});

it('tests rules over series whose time nobody waits for', async () => {
  const test = {
    rules: writeRules(TOO_HOT),
    interval: '1h',
    series: [{ series: 'oven_celsius', values: '20 _ 210' }],
  };
  const at = (time: string, samples: { labels: string; value: number }[]) => [
    { expression: 'ALERTS', at: time, samples },
  ];
  const firing = { labels: 'ALERTS{alertname="TooHot",alertstate="firing"}', value: 1 };

  await testRules({ ...test, expected: [...at('1h', []), ...at('2h', [firing])] });
  await expect(testRules({ ...test, expected: at('2h', []) })).rejects.toThrow('TooHot');
});

function writeRules(text: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'rules.yml');
  writeFileSync(file, text);
  return pathToFileURL(file);
}
