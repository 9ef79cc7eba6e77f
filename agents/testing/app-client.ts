import { setTimeout as pause } from 'node:timers/promises';
import { signStandard } from '../../examples/integrations/webhook-receiving/sign.ts';
import type { RunningProgram } from '../../examples/kit/programs/program.ts';

type Event = { id: string; tenant: string };
type Credit = { id: string };

/** A sender of webhooks, and people in browsers, who try again whenever the app does not answer. */
export function createAppClient(secret: string) {
  let app: Pick<RunningProgram, 'url' | 'read'> | undefined;

  /** A request to where the app is now, again and again until it is answered without a fault. */
  async function send(method: string, path: string, make: () => RequestInit = () => ({})) {
    const deadline = Date.now() + 120_000;
    let last: unknown;
    while (Date.now() < deadline) {
      try {
        const response = await fetch(`${app?.url}${path}`, { ...make(), method });
        const text = await response.text();
        if (response.status < 500) return { response, text };
        last = `${response.status} ${text}`;
      } catch (error) {
        last = error;
      }
      await pause(20);
    }
    const printed = app?.read().errors;
    throw new Error(
      `two minutes without an answer to ${method} ${path}; the app printed: ${printed}`,
      {
        cause: last,
      },
    );
  }

  /** Eight at a time, a few each moment, until each is accepted. */
  async function sendAll(events: Event[]): Promise<void> {
    const left = events.values();
    const senders = Array.from({ length: 8 }, async () => {
      for (const event of left) {
        await sendUntilAccepted(event);
        await pause(30);
      }
    });
    await Promise.all(senders);
  }

  async function sendUntilAccepted({ id, tenant }: Event): Promise<void> {
    const body = JSON.stringify({ tenant, cents: 100 });
    const { response } = await send('POST', '/webhooks/acme', () => ({
      body,
      headers: signStandard({ id, body, at: new Date(), secrets: [secret] }),
    }));
    if (response.status !== 202) throw new Error(`the webhook ${id} got ${response.status}`);
  }

  /** Logs in; `refresh` uses the refresh token and keeps the next. */
  async function logIn(email: string) {
    let session = readSession(await send('POST', '/sessions', () => ({ body: email })));

    async function refresh(): Promise<void> {
      const { cookie } = session;
      session = readSession(
        await send('POST', '/sessions/refresh', () => ({ headers: { cookie } })),
      );
    }

    async function list(): Promise<Credit[]> {
      const { authorization } = session;
      const { text } = await send('GET', '/credits', () => ({ headers: { authorization } }));
      return JSON.parse(text);
    }
    return { refresh, list };
  }

  return {
    moveTo: (to: RunningProgram) => {
      app = to;
    },
    sendAll,
    logIn,
  };
}

function readSession({ response, text }: { response: Response; text: string }) {
  if (!response.ok) throw new Error(`the login got ${response.status}`);
  const [cookie = ''] = `${response.headers.get('set-cookie')}`.split(';');
  return { cookie, authorization: `Bearer ${JSON.parse(text).accessToken}` };
}
