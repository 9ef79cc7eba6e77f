import { readFile } from 'node:fs/promises';
import { runExample } from '@touchstone/kit/app/run-example';
import { readSettings } from './settings.ts';
import { signStandard } from './sign.ts';
import { startPayments } from './start-payments.ts';

const JOBS = new URL(
  '../../jobs/background-jobs/schema.sql',
  import.meta.url,
);

await runExample(import.meta, async ({ pool, databaseUrl }) => {
  const secrets = readSettings();
  const { rows } = await pool.query(
    `select to_regclass('jobs') as jobs`,
  );
  if (!rows[0]?.jobs) await pool.query(await readFile(JOBS, 'utf8'));
  const payments = startPayments({
    connectionString: databaseUrl,
    secrets,
    log: console,
  });
  return { ...payments, commands: (url) => describeUse(url, secrets) };
});

/** A request that is signed for the next five minutes: it shows no secret. */
function describeUse(url: string, { acme }: { acme: string[] }) {
  const at = new Date();
  const id = `msg_${at.getTime()}`;
  const body = JSON.stringify({
    type: 'invoice.paid',
    timestamp: at.toISOString(),
    data: { customer: 'ada', amount_paid: 1000 },
  });
  const signed = signStandard({ id, body, at, secrets: acme });
  const headers = Object.entries(signed).map(
    ([name, value]) => `-H '${name}: ${value}'`,
  );
  return [
    `curl -i ${url}/webhooks/acme ${headers.join(' ')} -d '${body}'`,
    `curl ${url}/accounts/ada`,
  ];
}
