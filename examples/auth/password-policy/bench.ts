import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import {
  adjacencyGraphs,
  dictionary as common,
} from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';
import { pwnedPassword } from 'hibp';
import {
  buildBreachFilter,
  openBreachFilter,
} from './breach-filter.ts';
import { createBreachList } from './breach-list.ts';
import { isGood } from './naive.ts';
import { createPasswordPolicy } from './password-policy.ts';
import { hashForList } from './stand-in-range-server.ts';

const LOAD = { clients: 8, seconds: 2 };
const FIRST = english['firstnames-en'] ?? [];
const LAST = english['lastnames-en'] ?? [];
const WORDS = english['wikipedia-en'] ?? [];

/** How users make a password of their names. */
const DECORATIONS = [
  (first: string, last: string) => `${first}${last}2026!!`,
  (_: string, last: string) => `${last}${last.toLowerCase()}`,
  (first: string) => first.padEnd(16, '!'),
  (_: string, last: string) => `${last} `.padEnd(16, '1'),
  (first: string, last: string) =>
    `${last}.${first}`.replaceAll('a', '4').replaceAll('e', '3'),
];
/** What the app knows of them. */
const ADDRESSES = [
  (first: string, last: string) => `${first}.${last}@example.com`,
  (first: string, last: string) => `${first}_${last}42@example.com`,
  (first: string, last: string) => `${first}.${last}+acme@example.com`,
];

/** Names as users decorate them, and passphrases of four words. */
const samples = Array.from({ length: 60 }, (_, index) => {
  const names = [`${FIRST[index * 7]}`, `${LAST[index * 11]}`];
  const [first = '', last = ''] = names.map(
    (name) => name.charAt(0).toUpperCase() + name.slice(1),
  );
  const decorate = DECORATIONS[index % 5] ?? String;
  const write = ADDRESSES[index % 3] ?? String;
  const phrase = [1, 2, 3, 4].map((n) => WORDS[500 + index * 97 * n]);
  return {
    names: [...names, write(first, last).toLowerCase()],
    decorated: decorate(first, last).padEnd(15, '!'),
    phrase: phrase.join(' ').padEnd(15, '.'),
  };
});

const stolen = (common['passwords-common'] ?? []).map(String);
await using server = await startProgram(
  new URL('bench-ranges.ts', import.meta.url),
);
const list = createBreachList({
  userAgent: 'Touchstone bench',
  url: server.url,
  allowAddress: () => true,
});
const policy = createPasswordPolicy({
  list,
  filter: openBreachFilter(buildBreachFilter(stolen.map(hashForList))),
  words: [],
  log: console,
});
const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common, ...english },
  graphs: adjacencyGraphs,
});

type Way = {
  name: string;
  note?: string;
  isRefused: (password: string, names: string[]) => Promise<boolean>;
};

const pattern: Way = {
  name: 'this pattern',
  // The address is all that an app of this kind has.
  async isRefused(password, names) {
    return (
      (await policy.judge(password, names.slice(-1))) !== undefined
    );
  },
};
const naive: Way = {
  name: 'digits and symbols (naive)',
  isRefused: async (password) => !isGood(password),
};
const meter: Way = {
  name: 'zxcvbn-ts',
  note: 'refuses a score of less than 3; is told the names as well',
  isRefused: async (password, names) =>
    zxcvbn.check(password, names).score < 3,
};
const hibp: Way = {
  name: 'hibp',
  note: 'asks the same list, and judges nothing else',
  async isRefused(password) {
    const options = { baseUrl: server.url, addPadding: true };
    return (await pwnedPassword(password, options)) > 0;
  },
};

const speed = await compare({
  title: `Passwords judged, ${LOAD.clients} at once`,
  unit: 'passwords/s',
  better: 'higher',
  contenders: [
    { ...pattern, measure: measureSpeed(pattern) },
    ...[naive, meter, hibp].map((way) => {
      return { ...way, measure: measureSpeed(way) };
    }),
  ],
});
const delay = await compare({
  title: 'Event-loop delay meanwhile, 99th percentile',
  unit: 'ms',
  better: 'lower',
  contenders: [
    { ...pattern, measure: measureDelay(pattern) },
    { ...naive, measure: measureDelay(naive) },
    { ...meter, measure: measureDelay(meter) },
    { ...hibp, measure: measureDelay(hibp) },
  ],
});
const decorated = await compare({
  title: 'The names of the user, decorated: refused',
  unit: '%',
  better: 'higher',
  contenders: [
    { ...pattern, measure: measureRefused(pattern) },
    { ...naive, measure: measureRefused(naive) },
    { ...meter, measure: measureRefused(meter) },
  ],
});
const phrases = await compare({
  title: 'Passphrases of four words: accepted',
  unit: '%',
  better: 'higher',
  contenders: [
    { ...pattern, measure: measureAccepted(pattern) },
    { ...naive, measure: measureAccepted(naive) },
    { ...meter, measure: measureAccepted(meter) },
  ],
});
await list.close();
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/password-policy',
  software: '@zxcvbn-ts/core 4.2.0, hibp 15.2.1',
  tables: [speed, delay, decorated, phrases],
});

/** One phrase, which no rule refuses before the list is asked, in a turn of the event loop. */
async function judgeOne(
  { isRefused }: Way,
  turn: number,
): Promise<void> {
  await nextTurn();
  const sample = samples[turn % samples.length];
  if (!sample) return;
  await isRefused(sample.phrase, sample.names);
}

function measureSpeed(way: Way) {
  let turn = 0;
  return () => operationsPerSecond(LOAD, () => judgeOne(way, turn++));
}

function measureDelay(way: Way) {
  const measure = measureSpeed(way);
  return async () => {
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    await measure();
    histogram.disable();
    return histogram.percentile(99) / 1e6;
  };
}

function measureRefused({ isRefused }: Way) {
  return () =>
    countPercent(({ decorated, names }) => isRefused(decorated, names));
}

function measureAccepted({ isRefused }: Way) {
  return () =>
    countPercent(
      async ({ phrase, names }) => !(await isRefused(phrase, names)),
    );
}

async function countPercent(
  ask: (sample: (typeof samples)[number]) => Promise<boolean>,
): Promise<number> {
  const answers = await Promise.all(samples.map(ask));
  return (100 * answers.filter(Boolean).length) / answers.length;
}
