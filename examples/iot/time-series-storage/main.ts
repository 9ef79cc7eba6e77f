import { runExample } from '@touchstone/kit/app/run-example';
import { createApp } from './app.ts';
import { startMaintenance } from './maintenance.ts';
import { createStorage } from './storage.ts';

await runExample(import.meta, async ({ pool }) => {
  const log = console;
  const clock = () => new Date();
  const storage = createStorage({ pool, clock, log });
  await storage.partitions.prepareAhead();
  const { stop } = startMaintenance({
    ...storage,
    log,
    rollUpSeconds: 1,
  });
  return { app: createApp({ ...storage, log }), commands, stop };
});

function commands(url: string): string[] {
  const at = new Date().toISOString();
  const body = JSON.stringify({
    readings: [{ sensor: 'roof', at, value: 21.5 }],
  });
  const from = at.slice(0, 10);
  return [
    `curl -X PUT ${url}/sensors/roof`,
    `curl ${url}/readings -H 'content-type: application/json' -d '${body}'`,
    `curl '${url}/sensors?name=roof'`,
    `curl '${url}/sensors/roof/readings?from=${from}T00:00:00Z&to=${at}&zone=Africa/Cairo&maxPoints=50'`,
  ];
}
