import { createSecrets } from './secrets.ts';

/** What the API answered. */
export type Answer = { status: number; body: Record<string, unknown> };

/** Tokens of Ada and Ben, who may change what runs. */
export const OPERATORS: { ada: string; ben: string } = JSON.parse(
  createSecrets().OPERATORS,
);

/** Speaks to the app over HTTP; as an operator, it is Ada if nobody else. */
export function createClient(url: string, token = OPERATORS.ada) {
  async function send(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    authorization = `Bearer ${token}`,
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  /** Asks for the stage that it sees. */
  async function change(command: object): Promise<Answer> {
    const { body } = await send('GET', '/stages');
    const [newest] = body as unknown as { revision: number }[];
    const seen = newest?.revision ?? 0;
    const reason = 'somebody tries it';
    return send('POST', '/stages', { seen, reason, ...command });
  }

  const tell = (prediction: unknown, truth: string) =>
    send('POST', '/outcomes', { prediction, truth });

  return {
    send,
    change,
    tell,
    predict: (user: string, row: number[]) =>
      send('POST', '/predictions', { user, row }),
    register: (body: object) => send('POST', '/versions', body),
    look: async () => (await send('GET', '/trial')).body,
    asBen: () => createClient(url, OPERATORS.ben),
  };
}
