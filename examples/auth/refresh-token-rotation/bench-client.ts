import { Agent, request } from 'node:http';

/** What a client has to show: tokens, or a cookie. */
export type Login = {
  accessToken?: string;
  refreshToken?: string;
  cookie?: string;
};

const agent = new Agent({ keepAlive: true });

/** One request, and the login as it stands after it. */
export function call(
  url: string,
  path: string,
  login: Login = {},
  body: object = login,
): Promise<Login> {
  const method = path === '/me' ? 'GET' : 'POST';
  const headers = {
    'content-type': 'application/json',
    ...(login.accessToken && {
      authorization: `Bearer ${login.accessToken}`,
    }),
    ...(login.cookie && { cookie: login.cookie }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      { agent, method, headers },
      (response) => {
        const cookie =
          response.headers['set-cookie']?.[0]?.split(';')[0] ??
          login.cookie;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode !== 200)
            return reject(new Error(`${path}: ${text}`));
          resolve({ ...JSON.parse(text), ...(cookie && { cookie }) });
        });
      },
    );
    sent
      .on('error', reject)
      .end(method === 'POST' ? JSON.stringify(body) : undefined);
  });
}
