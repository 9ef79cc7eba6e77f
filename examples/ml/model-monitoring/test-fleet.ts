import {
  type Sample,
  testRules,
} from '@touchstone/kit/monitoring/prometheus';
import type { Registry } from 'prom-client';

/** The rules that are shown, and tested here. */
export const RULES = new URL('alerts.yml', import.meta.url);

/** Scrapes processes as Prometheus would, but without waiting, and asks promtool what the rules make of it. */
export function recordFleet({ everyMinutes = 1 } = {}) {
  const series = new Map<string, string[]>();
  let scrapes = 0;

  /** Scrapes each process once; one that is left out is down. */
  async function scrape(processes: Record<string, Registry>) {
    for (const [instance, registry] of Object.entries(processes)) {
      for (const line of (await registry.metrics()).split('\n')) {
        const [, name, labels, value] =
          /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
        if (!value) continue;
        const key = `${name}{instance="${instance}",${labels}}`;
        const values = series.get(key) ?? [];
        while (values.length < scrapes) values.push('_');
        series.set(key, [...values, value]);
      }
    }
    scrapes++;
  }

  /** What the expression gives at the last scrape. */
  async function expectSamples(expression: string, samples: Sample[]) {
    await testRules({
      rules: RULES,
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
  async function expectFiring(alerts: string[]) {
    const by = 'alertname, signal, window';
    await expectSamples(
      `count by (${by}) (ALERTS{alertstate="firing"})`,
      alerts.map((alert) => ({ labels: toLabels(alert), value: 1 })),
    );
  }

  return { scrape, expectSamples, expectFiring };
}

function toLabels(alert: string): string {
  const [alertname, signal, window] = alert.split(' ');
  const labels = { alertname, signal, window };
  const pairs = Object.entries(labels).filter(([, value]) => value);
  return `{${pairs.map(([name, value]) => `${name}="${value}"`)}}`;
}
