import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { RunningProgram } from '@touchstone/kit/programs/program';
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

/** Asks all in one moment, on any machine: while the program is frozen, each on a connection that it has accepted. */
export async function predictAtOnce(
  { url, signal }: Pick<RunningProgram, 'url' | 'signal'>,
  bodies: object[],
): Promise<number[]> {
  const { port, hostname } = new URL(url);
  const sockets = bodies.map(() => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await fetch(url); // comes after them in the queue
  await signal('SIGSTOP');
  const asked = sockets.map((socket) => openRequest(url, socket));
  const answers = asked.map(readStatus);
  const sent = asked.map((one) => once(one, 'finish'));
  for (const [index, one] of asked.entries())
    one.end(JSON.stringify(bodies[index]));
  await Promise.all(sent);
  await signal('SIGCONT');
  return Promise.all(answers);
}

function openRequest(url: string, socket: Socket) {
  return request(`${url}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    createConnection: () => socket,
  });
}

async function readStatus(asked: ClientRequest) {
  const [response] = await once(asked, 'response');
  response.resume();
  await once(response, 'end');
  return Number(response.statusCode);
}
