import { setTimeout as wait } from 'node:timers/promises';
import type { VersionName } from './app-version.ts';
import { percentile } from './latency-window.ts';

/** Live requests, sent without end. */
export type Traffic = AsyncDisposable & {
  /** What happened since the last look. */
  take: () => { requests: number; failed: number; p99Ms: number };
};

type TrafficOptions = {
  url: string;
  /** The versions that shall be asked, at each moment. */
  running: ReadonlySet<VersionName>;
  users: number;
  clients?: number;
};

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Cher', 'Ana de Armas'];

/** Clients that read, create and rename users, each through any version that runs. */
export function startTraffic(options: TrafficOptions): Traffic {
  const { url, running, users, clients = 4 } = options;
  let durations: number[] = [];
  let failed = 0;
  let stopped = false;

  async function work() {
    while (!stopped) {
      const began = performance.now();
      if (!(await sendOne())) failed++;
      durations.push(performance.now() - began);
      await wait(10); // a server that is busy, not one that is full
    }
  }

  async function sendOne(): Promise<boolean> {
    const version = pick([...running]);
    const path = `${url}/${version}/users`;
    const id = 1 + Math.floor(Math.random() * users);
    const sent = await pick([
      () => fetch(`${path}/${id}`),
      () => fetch(path, sendName(version, 'POST')),
      () => fetch(`${path}/${id}`, sendName(version, 'PUT')),
    ])();
    const answer = await sent.text();
    // It was stopped while the request was on its way.
    return sent.ok || answer.includes('version_stopped');
  }

  function take() {
    const [taken, bad] = [durations, failed];
    [durations, failed] = [[], 0];
    const p99Ms = percentile(taken, 0.99);
    return { requests: taken.length, failed: bad, p99Ms };
  }

  const done = Promise.all(Array.from({ length: clients }, work));
  async function stop() {
    stopped = true;
    await done;
  }
  return { take, [Symbol.asyncDispose]: stop };
}

function sendName(version: VersionName, method: string): RequestInit {
  const fullName = pick(NAMES);
  const [givenName = '', ...rest] = fullName.split(' ');
  const body = { givenName, familyName: rest.join(' ') };
  return {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(version === 'old' ? { fullName } : body),
  };
}

function pick<T>(choices: T[]): T {
  return choices[Math.floor(Math.random() * choices.length)] as T;
}
