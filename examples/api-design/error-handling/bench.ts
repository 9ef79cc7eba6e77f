import type { RequestListener } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import {
  createBoomApp,
  createExpressApp,
  createFastifyApp,
  createNaiveApp,
  createPatternApp,
} from './bench-apps.ts';

const table = await compare({
  title: 'Requests answered with 409, 8 clients at once',
  unit: 'requests/s',
  better: 'higher',
  contenders: [
    contender('this pattern', createPatternApp()),
    contender(
      'status and message of what was thrown (naive)',
      createNaiveApp(),
    ),
    contender(
      'Express without a handler',
      createExpressApp(),
      'an HTML page',
    ),
    contender('@hapi/boom 10.0', createBoomApp()),
    contender(
      'Fastify 5.12',
      await createFastifyApp(),
      'another framework: its own handler',
    ),
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'api-design/error-handling',
  software: 'Express 5.3',
  tables: [table],
});

function contender(name: string, app: RequestListener, note?: string) {
  async function measure() {
    await using server = await listen(app);
    const url = `${server.url}/members`;
    return await operationsPerSecond(
      { clients: 8, seconds: 2 },
      async () => {
        const response = await fetch(url, { method: 'POST' });
        await response.arrayBuffer();
      },
    );
  }
  return { name, measure, ...(note && { note }) };
}
