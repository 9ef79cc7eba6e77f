import { listen } from '@touchstone/kit/app/http';
import {
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import ipaddr from 'ipaddr.js';
import { expect, it } from 'vitest';
import { createClients } from './clients.ts';
import { isPublicAddress } from './public-address.ts';
import { createStandInProvider } from './stand-in-provider.ts';

const MAIN = new URL('main.ts', import.meta.url);

it('charges an order once though an answer is lost, and says why a call failed', async () => {
  await using provider = await listen(createStandInProvider(), {
    graceSeconds: 0,
  });
  await using program = await startProgram(MAIN, {
    PAYMENTS_URL: provider.url,
    PORT: '0',
  });
  async function send(path: string, body: object) {
    const response = await fetch(program.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, ...(await response.json()) };
  }

  expect(
    await send('/payments', { order: 'lost', cents: 4200 }),
  ).toEqual({ status: 201, id: 'ch_1', cents: 4200 });
  expect(
    await send('/payments', { order: 'busy', cents: 4200 }),
  ).toMatchObject({ status: 503, code: 'payment_failed' });
  const statistics = await fetch(`${provider.url}/statistics`);
  expect(await statistics.json()).toEqual({ requests: 5, charges: 1 });

  for (const url of ['http://169.254.169.254/', provider.url])
    expect(await send('/previews', { url })).toMatchObject({
      status: 400,
      code: 'address_refused',
    });
  expect(await program.kill('SIGTERM')).toBe(0);
});

it('gives the provider and the links of users clients of their own', async () => {
  await using provider = await listen(createStandInProvider(), {
    graceSeconds: 0,
  });
  const { payments, previews, close } = createClients();
  const url = `${provider.url}/statistics`;

  expect((await payments.request(url)).status).toBe(200);
  await expect(previews.request(url)).rejects.toMatchObject({
    code: 'address_refused',
  });
  await close();
  await expect(payments.request(url)).rejects.toMatchObject({
    code: 'closed',
  });
});

it('does not start with a provider whose address is not a URL', async () => {
  const { code, errors } = await runProgram(MAIN, {
    PAYMENTS_URL: 'nowhere',
  });
  expect(code).toBe(1);
  expect(errors).toContain('PAYMENTS_URL: ');
});

it('allows no address that ipaddr.js does not call unicast', () => {
  const parts = [
    0, 1, 10, 63, 64, 88, 99, 100, 113, 127, 129, 168, 172,
  ];
  parts.push(16, 31, 169, 192, 198, 18, 19, 203, 224, 240, 254, 255);
  for (const a of parts)
    for (const b of parts)
      for (const c of parts) {
        const address = `${a}.${b}.${c}.16`;
        if (isPublicAddress(address))
          expect(ipaddr.parse(address).range(), address).toBe(
            'unicast',
          );
      }
  for (let first = 0; first < 0x10000; first += 0x7f)
    for (const second of ['0', '1ff', '200', 'db8', 'ffff']) {
      const address = `${first.toString(16)}:${second}::1`;
      if (isPublicAddress(address))
        expect(ipaddr.parse(address).range(), address).toBe('unicast');
    }
});
