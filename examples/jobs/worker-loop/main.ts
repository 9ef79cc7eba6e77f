import { runExample } from '@touchstone/kit/app/run-example';
import { startMonitor } from './start-monitor.ts';

await runExample(import.meta, ({ databaseUrl }) => {
  const { app, stop } = startMonitor({
    connectionString: databaseUrl,
    log: console,
    limitSeconds: Number(process.env.LIMIT_SECONDS ?? 10),
  });
  return { app, stop: () => stop(), commands };
});

function commands(url: string): string[] {
  const site = JSON.stringify({ url: 'https://example.com' });
  return [
    `curl ${url}/sites -H 'content-type: application/json' -d '${site}'`,
    `curl ${url}/sites`,
  ];
}
