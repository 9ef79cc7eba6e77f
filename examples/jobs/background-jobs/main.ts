import { runExample } from '@touchstone/kit/app/run-example';
import { startShop } from './start-shop.ts';

await runExample(import.meta, ({ databaseUrl }) => {
  const shop = startShop({
    connectionString: databaseUrl,
    log: console,
    limitSeconds: Number(process.env.LIMIT_SECONDS ?? 60),
    answerSeconds: Number(process.env.ANSWER_SECONDS ?? 5),
  });
  return { ...shop, commands };
});

function commands(url: string): string[] {
  const order = JSON.stringify({ customer: 'Ada', cents: 4200 });
  return [
    `curl ${url}/orders -H 'content-type: application/json' -d '${order}'`,
    `curl ${url}/orders/1`,
    `curl ${url}/dead-jobs`,
  ];
}
