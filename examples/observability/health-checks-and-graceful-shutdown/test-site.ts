import { Agent, request } from 'node:http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import {
  type RunningProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { startHAProxy } from '@touchstone/kit/proxies/haproxy';
import { waitUntil } from '@touchstone/kit/time/wait';

type SiteOptions = { program: URL; probe: string };

/** Two instances of a program behind HAProxy, on a database of their own. */
export async function startSite({ program, probe }: SiteOptions) {
  await using started = new AsyncDisposableStack();
  const schema = new URL('schema.sql', import.meta.url);
  const database = started.use(await freshDatabase({ schema }));
  const ports = [await findFreePort(), await findFreePort()];
  const instances = new Map<number, RunningProgram>();
  started.defer(async () => {
    for (const instance of instances.values())
      await instance[Symbol.asyncDispose]();
  });

  async function start(port: number) {
    const instance = await startProgram(program, {
      DATABASE_URL: database.url,
      PORT: `${port}`,
      NOTICE_MS: '3000',
    });
    instances.set(port, instance);
    await waitUntil(
      `${port} is ready`,
      async () => (await fetch(`${instance.url}${probe}`)).ok,
    );
  }
  for (const port of ports) await start(port);
  const [ONE, TWO] = ports.map(String);
  const proxy = started.use(
    await startHAProxy({
      configuration: new URL('haproxy.cfg', import.meta.url),
      values: { PROBE: probe, ONE: `${ONE}`, TWO: `${TWO}` },
    }),
  );

  await waitUntil('HAProxy sees both', () => seesBoth(proxy.url));

  /** Replaces one instance after the other; resolves with their exit codes. */
  async function deploy() {
    const codes: (number | null | undefined)[] = [];
    for (const port of ports) {
      codes.push(await instances.get(port)?.kill('SIGTERM'));
      await start(port);
      await waitUntil('HAProxy sees both', () => seesBoth(proxy.url));
    }
    return codes;
  }

  const stack = started.move();
  return {
    url: proxy.url,
    pool: database.pool,
    deploy,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Places orders from several clients until told to stop; counts the answers by status. */
export function startLoad(url: string, clients = 16) {
  const counts: Record<string, number> = {};
  const agent = new Agent({ keepAlive: true });
  let running = true;

  async function work() {
    while (running) {
      const outcome = await post(url, agent);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  }
  const workers = Array.from({ length: clients }, work);

  async function stop() {
    running = false;
    await Promise.all(workers);
    agent.destroy();
    return counts;
  }
  return { counts, stop };
}

function post(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    request(url, { method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(`${response.statusCode}`));
      response.on('error', (error) => resolve(error.message));
    })
      .on('error', (error) => resolve(error.message))
      .end();
  });
}

async function seesBoth(url: string): Promise<boolean> {
  const response = await fetch(`${url}/balancer;csv`);
  const lines = (await response.text()).split('\n');
  return ['shop,one,', 'shop,two,'].every((server) => {
    const line = lines.find((text) => text.startsWith(server));
    // Column 18 is the state; `UP 1/2` is on its way down.
    return line?.split(',')[17] === 'UP';
  });
}
