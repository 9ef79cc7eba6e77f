import { startProgram } from '@touchstone/kit/programs/program';
import { createSecrets } from './secrets.ts';
import { createSender, writePaid } from './test-sender.ts';

/** The example as a reader starts it, and payments to it. */
export async function startPaymentsProgram(databaseUrl: string) {
  const secrets = createSecrets();
  const program = await startProgram(
    new URL('main.ts', import.meta.url),
    { ...secrets, DATABASE_URL: databaseUrl, PORT: '0' },
  );
  const sender = createSender(program.url);
  return {
    ...program,
    pay: (customer: string) =>
      sender.sendStandard(writePaid(customer), {
        id: customer,
        at: new Date(),
        secrets: [secrets.ACME_SECRETS],
      }),
  };
}
