import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  type Contender,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { openContenders } from './bench-contenders.ts';

/** Three times what the upstream can answer, for two seconds. */
const CALLS = 600;
const EVERY_MS = 10;
const AT_ONCE = 3;

await using upstream = await startProgram(
  new URL('bench-upstream.ts', import.meta.url),
);
const contenders = openContenders();

const tables = [
  await compare({
    title:
      'Requests that an overloaded upstream sees for each call it answers',
    unit: 'requests',
    better: 'lower',
    contenders: list(measureLoad),
  }),
  await compare({
    title: 'Calls a second to an upstream that is well, 8 at once',
    unit: 'calls/s',
    better: 'higher',
    contenders: list(measureRate),
  }),
];
for (const { close } of contenders) await close();

const { version } = createRequire(import.meta.url)(
  'undici/package.json',
);
writeBench(new URL('bench.json', import.meta.url), {
  id: 'integrations/resilient-http-client',
  software: `undici ${version}`,
  tables,
});

type Call = (url: string) => Promise<number>;

async function measureLoad(call: Call): Promise<number> {
  await readSeen();
  const calls: Promise<number>[] = [];
  for (let sent = 0; sent < CALLS; sent += AT_ONCE) {
    for (let one = 0; one < AT_ONCE; one++)
      calls.push(call(`${upstream.url}/limited`).catch(() => 0));
    await pause(EVERY_MS);
  }
  const statuses = await Promise.all(calls);
  const answered = statuses.filter((status) => status === 200).length;
  return (await readSeen()) / answered;
}

function measureRate(call: Call): Promise<number> {
  return operationsPerSecond({ clients: 8, seconds: 3 }, () =>
    call(`${upstream.url}/quick`),
  );
}

async function readSeen(): Promise<number> {
  const answer = await fetch(`${upstream.url}/seen`);
  return Number(await answer.text());
}

function list(
  measure: (call: Call) => Promise<number>,
): [Contender, ...Contender[]] {
  const [first, ...others] = contenders.map(({ name, note, call }) => ({
    name,
    ...(note && { note }),
    measure: () => measure(call),
  }));
  if (!first) throw new Error('there is nothing to compare');
  return [first, ...others];
}
