import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { noteEvidence, noteProgram } from '../testing/evidence.ts';

/** A Prometheus of our own on a free port of 127.0.0.1. */
export type Prometheus = AsyncDisposable & {
  url: string;
  /** The series that an expression gives at this moment. */
  query: (expression: string) => Promise<Series[]>;
  /** Alerts that are pending or firing at this moment. */
  listAlerts: () => Promise<Alert[]>;
};

/** A series at one moment. */
export type Series = { labels: Record<string, string>; value: number };

/** An alert as Prometheus tells it, its texts filled in. */
export type Alert = {
  state: 'pending' | 'firing';
  labels: Record<string, string>;
  annotations: Record<string, string>;
};

/** A value of an expression, by the labels of its series. */
export type Sample = { labels: string; value: number };

/** What rules must make of series at a time that need not be waited for. */
export type RuleTest = {
  rules: URL;
  /** How far the values of a series are apart, such as `1m`. */
  interval: string;
  /** Series in the notation of promtool: `_` is a scrape that failed. */
  series: { series: string; values: string }[];
  /** What the expression must give, and how long after the first value. */
  expected: { expression: string; at: string; samples: Sample[] }[];
};

/** Starts a Prometheus that scrapes the targets five times a second, the first time after five seconds, and evaluates the rules as often. */
export async function startPrometheus(options: {
  rules: URL;
  /** The URLs of servers that answer /metrics. */
  targets: string[];
}): Promise<Prometheus> {
  const program = await requireProgram(wanted('prometheus'));
  await checkRules(options.rules);
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-prometheus-'));
  const rules = join(folder, 'rules.yml');
  // A copy: the user it runs as may not be let into the repository.
  writeFileSync(rules, readFileSync(options.rules));
  const configuration = join(folder, 'prometheus.yml');
  writeFileSync(configuration, JSON.stringify(configure(rules, options.targets)));
  const identity = unprivilegedIdentity();
  giveTo(folder, identity);

  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, 'prometheus.log');
  const { guard, stop } = startGuardedProgram({
    program,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM',
    logFile,
    removeAfterwards: folder,
  });
  while (!(await isReady(url))) {
    if (guard.exitCode !== null)
      throw new Error(`Prometheus has ended. Its last words:\n${readLog(logFile)}`);
    await pause(20);
  }
  noteEvidence('loaded', options.rules);

  async function read<T>(path: string): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { data, error } = (await response.json()) as { data: T; error?: string };
    if (error) throw new Error(`Prometheus: ${error}`);
    return data;
  }

  async function query(expression: string): Promise<Series[]> {
    const path = `query?query=${encodeURIComponent(expression)}`;
    const { result } = await read<{ result: ResultRow[] }>(path);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  const listAlerts = async () => (await read<{ alerts: Alert[] }>('alerts')).alerts;
  return { url, query, listAlerts, [Symbol.asyncDispose]: stop };
}

type ResultRow = { metric: Record<string, string>; value: [time: number, value: string] };

/** Lets promtool evaluate rules over series; throws with its words when a value is not as expected. */
export async function testRules({ rules, interval, series, expected }: RuleTest): Promise<void> {
  const tests = [
    {
      interval,
      input_series: series,
      promql_expr_test: expected.map(({ expression, at, samples }) => ({
        expr: expression,
        eval_time: at,
        exp_samples: samples,
      })),
    },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-promtool-'));
  try {
    const file = join(folder, 'test.yml'); // JSON is YAML
    const test = { rule_files: [fileURLToPath(rules)], evaluation_interval: interval, tests };
    writeFileSync(file, JSON.stringify(test));
    await runPromtool(['test', 'rules', file]);
    noteEvidence('loaded', rules);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checkRules(rules: URL): Promise<void> {
  await runPromtool(['check', 'rules', fileURLToPath(rules)]);
}

async function runPromtool(args: string[]): Promise<void> {
  const program = await requireProgram(wanted('promtool'));
  noteProgram('Prometheus', program, ['--version']);
  await promisify(execFile)(program, args).catch((error: Error & { stderr: string }) => {
    throw new Error(`promtool ${args.join(' ')} failed:\n${error.stderr}`);
  });
}

function wanted(name: 'prometheus' | 'promtool') {
  return {
    names: [name],
    variable: `${name.toUpperCase()}_PATH`,
    debianPackage: 'prometheus', // brings both
  };
}

function configure(rules: string, targets: string[]) {
  return {
    global: { scrape_interval: '200ms', scrape_timeout: '200ms', evaluation_interval: '200ms' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'example',
        static_configs: [{ targets: targets.map((target) => new URL(target).host) }],
      },
    ],
  };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The folder of one that has ended may be gone, and its log with it. */
function readLog(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '(none)';
}
