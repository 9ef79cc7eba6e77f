import { startPostgres } from '@touchstone/kit/postgres/server';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';

/** To end what hangs: it starts a Postgres. */
const PATIENCE_MS = 120_000;

it(
  'takes an order, confirms it, answers what is wrong, and ends at SIGTERM',
  async () => {
    await using postgres = await startPostgres();
    const serve = new URL('serve.ts', import.meta.url);
    await using service = await startProgram(serve, {
      DATABASE_URL: postgres.url,
      PORT: '0',
      NOTICE: '0ms',
    });
    const send = createClient(service.url);

    const placed = await send('POST', '/orders', {
      body: { customer: 'Ada', cents: 4200 },
    });
    expect(placed.status).toBe(201);
    const path = `/orders/${placed.body.id}`;
    await waitUntil('it is confirmed', async () =>
      Boolean((await send('GET', path)).body.confirmedAt),
    );

    const refused = await send('POST', '/orders', { body: {} });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ code: 'invalid_request' });
    expect((await send('GET', '/orders/999')).status).toBe(404);

    expect(await service.kill('SIGTERM')).toBe(0);
  },
  PATIENCE_MS,
);
