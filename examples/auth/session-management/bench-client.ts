import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true });

/** Logs a user in; the cookie. */
export function logIn(url: string, userId: string): Promise<string> {
  return call(url, { path: '/login', body: { userId } });
}

/** Asks who is logged in, with the cookie. */
export async function readMe(url: string, cookie: string) {
  await call(url, { path: '/me', cookie });
}

type Call = { path: string; cookie?: string; body?: object };

function call(url: string, { path, cookie, body }: Call) {
  const method = body ? 'POST' : 'GET';
  const headers = {
    'content-type': 'application/json',
    ...(cookie && { cookie }),
  };
  const options = { agent, method, headers };
  return new Promise<string>((resolve, reject) => {
    const sent = request(`${url}${path}`, options, (response) => {
      const [given = ''] = response.headers['set-cookie'] ?? [];
      response.resume().on('end', () => {
        if (response.statusCode === 200)
          resolve(`${given.split(';')[0]}`);
        else reject(new Error(`${path}: ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(body && JSON.stringify(body));
  });
}
