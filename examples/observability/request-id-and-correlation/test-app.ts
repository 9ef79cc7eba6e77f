import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createLog } from '../structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { createOrders } from './orders.ts';

/** A line of the log. */
export type Line = {
  level: string;
  message: string;
  context: Record<string, string | null>;
  details?: Record<string, unknown>;
};

/** The shop on a database of its own, its log in memory, and a stock service that remembers what it got. */
export async function startTestApp({
  trustCallers = true,
  stockStatus = 200,
} = {}) {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const calls: IncomingHttpHeaders[] = [];
  const stock = await listen((request, response) => {
    calls.push(request.headers);
    response.writeHead(stockStatus).end();
  });
  const lines: Line[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const log = createLog({ output: { write } });
  const orders = createOrders({ pool, log, stockUrl: stock.url });
  const server = await listen(createApp({ orders, log, trustCallers }));

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await stock[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
  return {
    url: server.url,
    databaseUrl: database.url,
    pool,
    calls,
    lines,
    orders,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Sends an order with these header lines: names and values in turn, a name perhaps twice. */
export async function sendOrder(url: string, lines: string[] = []) {
  const body = JSON.stringify({ sku: 'shoes' });
  const own = ['host', new URL(url).host];
  own.push('content-type', 'application/json');
  own.push('content-length', `${body.length}`);
  const headers = [...own, ...lines];
  const call = request(`${url}/orders`, { method: 'POST', headers });
  call.end(body);
  const [response] = await once(call, 'response');
  response.resume();
  const { statusCode, headers: answered } = response;
  return { status: statusCode, id: `${answered['x-request-id']}` };
}
