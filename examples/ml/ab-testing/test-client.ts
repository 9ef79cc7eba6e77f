import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createClient } from '@touchstone/kit/testing/client';
import type { Features } from '../model-serving/model-card.ts';
import type { Tally } from './evidence.ts';
import { createSecrets } from './secrets.ts';
import type { Flower } from './test-versions.ts';
import { drawFlowers } from './test-versions.ts';

/** The token of the operator in tests and in the demo. */
export const { OPERATOR_TOKEN } = createSecrets();

/** What the API answers. */
export type Body = {
  id?: string;
  version?: string;
  label?: string;
  code?: string;
};

/** The state of a trial. */
export type Look = {
  live: string;
  trial: { id: number; candidate: string; share: number } | null;
  verdict?: string;
  users?: Tally[];
  told?: Tally[];
  failed?: Tally[];
  shadow?: {
    users: number;
    differing: number;
    failed: number;
    wrong: number;
  };
};

/** Speaks to the app as users and as the operator. */
export type TrialClient = ReturnType<typeof createTrialClient>;

/** A client for the app at a URL. */
export function createTrialClient(url: string) {
  const authorization = `Bearer ${OPERATOR_TOKEN}`;
  const send = createClient(url, { authorization });

  const predict = (user: string, flower: Features) =>
    send<Body>('POST', '/predictions', { body: { user, flower } });

  const tell = (prediction: string | undefined, truth: string) =>
    send('POST', '/outcomes', { body: { prediction, truth } });

  const look = async () => (await send<Look>('GET', '/trial')).body;

  /** Changes the trial that runs, unless the command names another. */
  async function change(wanted: object) {
    const trial = (await look()).trial?.id;
    const command = { trial, ...wanted };
    const body = { reason: 'a try', command };
    return send<Look & Body>('POST', '/changes', { body });
  }

  /** Makes a version the canary, through the shadow. */
  async function startCanary(candidate: string, share: number) {
    await change({ to: 'shadow', candidate });
    return change({ to: 'canary', share });
  }

  return { send, predict, tell, look, change, startCanary };
}

type Users = {
  from?: number;
  to: number;
  /** What all of them ask; else each has a flower. */
  flower?: Flower;
  /** Who does not tell the truth. */
  silent?: (answer: Body) => boolean;
  stop?: (count: number) => Promise<boolean> | boolean;
};

/** Users ask one after the other and tell the truth, until there is enough. */
export async function sendUsers(
  client: Pick<TrialClient, 'predict' | 'tell'>,
  options: Users,
): Promise<Body[]> {
  const { from = 0, to, silent = () => false, stop } = options;
  const answers: Body[] = [];
  const drawn = drawFlowers();
  for (let user = from; user < to; user++) {
    const { features, truth } = options.flower ?? drawn.next().value;
    const { body } = await client.predict(`user-${user}`, features);
    answers.push(body);
    if (!silent(body)) await client.tell(body.id, truth);
    if (await stop?.(answers.length)) break;
  }
  return answers;
}

/** Sends all in the same moment, each on a connection of its own; resolves with their statuses. */
export async function predictAtOnce(
  url: string,
  bodies: object[],
): Promise<{ status: number }[]> {
  const sockets: Socket[] = [];
  // In waves: what exceeds the listen queue of Node (511) is dropped,
  // and fetch gives a connection up after 10 s.
  while (sockets.length < bodies.length) {
    const { port, hostname } = new URL(url);
    const wave = bodies.slice(sockets.length, sockets.length + 250);
    const opened = wave.map(() => connect(Number(port), hostname));
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    sockets.push(...opened);
  }
  return Promise.all(
    sockets.map((socket, index) =>
      predictOn(socket, url, bodies[index]),
    ),
  );
}

async function predictOn(socket: Socket, url: string, body?: object) {
  const sent = request(`${url}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    createConnection: () => socket,
  });
  sent.end(JSON.stringify(body));
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
  socket.destroy();
  return { status: Number(response.statusCode) };
}
