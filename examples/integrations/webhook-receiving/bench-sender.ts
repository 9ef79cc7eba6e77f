import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { signStandard } from './sign.ts';

const agent = new Agent({ keepAlive: true });

/** A payment of two kilobytes, as webhooks often have. */
export function writeEvent(): string {
  return JSON.stringify({
    id: `evt_${randomUUID()}`,
    type: 'invoice.paid',
    timestamp: new Date().toISOString(),
    data: { customer: `cus_${randomUUID()}`, amount_paid: 1000 },
    lines: Array.from({ length: 20 }, (_, n) => ({
      description: `line ${n} of the invoice, with "quotes"`,
      amount: 50,
      quantity: n,
    })),
  });
}

/** Signs a new event, sends it, and resolves once it is answered with 2xx. */
export function deliver(url: string, secret: string): Promise<void> {
  const body = writeEvent();
  const id = `msg_${randomUUID()}`;
  const at = new Date();
  const signed = signStandard({ id, body, at, secrets: [secret] });
  const headers = { 'content-type': 'application/json', ...signed };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const options = { agent, method: 'POST', headers };
  request(`${url}/webhooks/acme`, options, (response) => {
    const status = response.statusCode ?? 0;
    response.resume().on('end', () => {
      if (status >= 200 && status < 300) resolve();
      else reject(new Error(`answered ${status}`));
    });
  })
    .on('error', reject)
    .end(body);
  return promise;
}
