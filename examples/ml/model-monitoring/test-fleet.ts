import { readFile } from 'node:fs/promises';
import { createModelFolder } from '@touchstone/kit/models/iris-files';
import {
  type Sample,
  testRules,
} from '@touchstone/kit/monitoring/prometheus';
import type { Registry } from 'prom-client';

/** The rules that are shown, and tested here. */
export const RULES = new URL('alerts.yml', import.meta.url);

/** The rules with a change, in a file of their own. */
export async function useRules(change: (text: string) => string) {
  const folder = await createModelFolder();
  const text = change(await readFile(RULES, 'utf8'));
  await folder.write('rules.yml', text);
  const rules = new URL('rules.yml', folder.folder);
  return { rules, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

/** Scrapes processes as Prometheus would, but without waiting, and asks promtool what the rules make of it. */
export function recordFleet({ everyMinutes = 1 } = {}) {
  const series = new Map<string, string[]>();
  let scrapes = 0;

  /** Scrapes each process once; one that is left out is down. */
  async function scrape(
    processes: Record<string, Registry>,
    times = 1,
  ) {
    for (const [instance, registry] of Object.entries(processes))
      for (const line of (await registry.metrics()).split('\n'))
        record(instance, line, times);
    scrapes += times;
  }

  function record(instance: string, line: string, times: number) {
    const [, name, labels = '', value] =
      /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (!value) return;
    const key = `${name}{instance="${instance}",${labels}}`;
    const values = series.get(key) ?? [];
    while (values.length < scrapes) values.push('_');
    for (let n = 0; n < times; n++) values.push(value);
    series.set(key, values);
  }

  /** Time passes, and each scrape finds the same. */
  const pass = (minutes: number, processes: Record<string, Registry>) =>
    scrape(processes, Math.ceil(minutes / everyMinutes));

  /** What the expression gives at the last scrape. */
  async function expectSamples(
    expression: string,
    samples: Sample[],
    rules = RULES,
  ) {
    await testRules({
      rules,
      interval: `${everyMinutes}m`,
      series: Array.from(series, ([key, values]) => ({
        series: key,
        values: values.join(' '),
      })),
      expected: [
        {
          expression,
          at: `${(scrapes - 1) * everyMinutes}m`,
          samples,
        },
      ],
    });
  }

  /** Exactly these alerts fire at the last scrape, each as `ModelDrift input:petalLength 1h`. */
  async function expectFiring(alerts: string[], rules = RULES) {
    const by = 'alertname, signal, bin, window, severity';
    const samples = alerts.map((alert) => ({
      labels: toLabels(alert),
      value: 1,
    }));
    const firing = 'ALERTS{alertstate="firing"}';
    await expectSamples(`count by (${by}) (${firing})`, samples, rules);
  }

  return { scrape, pass, expectSamples, expectFiring };
}

function toLabels(alert: string): string {
  const [alertname, signal, window, bin] = alert.split(' ');
  const severity = 'warning';
  const labels = { alertname, signal, bin, window, severity };
  const pairs = Object.entries(labels).filter(([, value]) => value);
  return `{${pairs.map(([name, value]) => `${name}="${value}"`)}}`;
}
