/** What the API answered. */
export type Answer<Body = Record<string, string>> = {
  status: number;
  body: Body;
};

type Listed = { slug: string; name: string; tasks: number };

/** Speaks to the app over HTTP, as any tenant. */
export function createClient(url: string) {
  async function send<Body = Record<string, string>>(
    method: string,
    path: string,
    options: { body?: object; apiKey?: string } = {},
  ): Promise<Answer<Body>> {
    const { body, apiKey } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  /** Signs a tenant up, and speaks as it from then on. */
  async function signUp(name: string) {
    const { body } = await send('POST', '/tenants', { body: { name } });
    const { apiKey = '', tenantId = '' } = body;
    return {
      tenantId,
      create: (slug: string, name = slug) =>
        send('POST', '/projects', { apiKey, body: { slug, name } }),
      search: (text = '') =>
        send<Listed[]>(
          'GET',
          `/projects?${new URLSearchParams({ search: text })}`,
          { apiKey },
        ),
      addTask: (projectId = '', title = 'plan') =>
        send('POST', `/projects/${projectId}/tasks`, {
          apiKey,
          body: { title },
        }),
      remove: (projectId = '') =>
        send('DELETE', `/projects/${projectId}`, { apiKey }),
    };
  }

  return { send, signUpOverHttp: signUp };
}
