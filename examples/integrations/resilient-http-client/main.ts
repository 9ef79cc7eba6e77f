import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { createApp } from './app.ts';
import { createClients } from './clients.ts';
import { createPayments } from './payments.ts';
import { createStandInProvider } from './stand-in-provider.ts';

const environmentSchema = z.object({
  PAYMENTS_URL: z.url().optional(),
  PORT: port().default(3000),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using provider = await listen(createStandInProvider(), {
    graceSeconds: 0,
  });
  const url = settings.PAYMENTS_URL ?? provider.url;
  const clients = createClients();
  const payments = createPayments({ client: clients.payments, url });
  const { previews } = clients;
  const app = createApp({ payments, previews, log: console });
  {
    await using server = await listen(app, { port: settings.PORT });
    console.log(`payments at ${url}`);
    console.log(`listening on ${server.url}`);
    console.log(describeUse(server.url));
    await stopped;
  }
  await clients.close();
});

function describeUse(url: string): string {
  const json = `-H 'content-type: application/json'`;
  return [
    'try:',
    `  curl ${url}/payments ${json} -d '{"order":"1","cents":4200}'`,
    `  curl ${url}/payments ${json} -d '{"order":"busy","cents":4200}'`,
    `  curl ${url}/previews ${json} -d '{"url":"http://127.0.0.1/"}'`,
  ].join('\n');
}
