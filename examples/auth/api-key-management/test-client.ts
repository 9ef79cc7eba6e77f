import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { PASSWORD } from './authenticate.ts';

/** A key as `POST /api-keys` answers it. */
export type CreatedKey = {
  id: string;
  key: string;
  start: string;
  name: string;
  scopes: string[];
  replaces: string | null;
  createdBy: string;
  createdAt: string;
  endsAt: string;
  usedAt: string | null;
  code?: string;
  detail?: string;
};

/** Speaks to an instance: as a user who is logged in, or with a key. */
export function createKeyClient(url: string) {
  const send = createClient(url);

  function sendAs<Body = Record<string, string>>(
    email: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<Body>> {
    const basic = Buffer.from(`${email}:${PASSWORD}`);
    const authorization = `Basic ${basic.toString('base64')}`;
    return send<Body>(method, path, {
      body,
      headers: { authorization },
    });
  }

  function create(email: string, wish: object = {}) {
    const body = { name: 'ci', scopes: ['orders:read'], ...wish };
    return sendAs<CreatedKey>(email, 'POST', '/api-keys', body);
  }

  return {
    url,
    send,
    sendAs,
    create,
    rotate: (email: string, id: string, body: object = {}) =>
      sendAs<CreatedKey>(
        email,
        'POST',
        `/api-keys/${id}/rotation`,
        body,
      ),
    revoke: (email: string, id: string) =>
      sendAs(email, 'DELETE', `/api-keys/${id}`),
    list: (email: string) =>
      sendAs<CreatedKey[]>(email, 'GET', '/api-keys'),
    /** `GET /orders` with the key. */
    use: (key: string) =>
      send('GET', '/orders', {
        headers: { authorization: `Bearer ${key}` },
      }),
  };
}
