import type { IRouter, Request, Response } from 'express';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type { createAccess } from './access.ts';
import type { Permission } from './policies.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
/** `public` needs nobody; a permission needs `:orgId` in the path. */
export type Policy = 'public' | Permission;
type Handler = (
  request: Request<Record<string, string>>,
  response: Response,
  userId: string,
) => unknown;
type Options = {
  access: ReturnType<typeof createAccess>;
  /** The user of the session; undefined for nobody. */
  findUser: (
    request: Request,
  ) => string | undefined | Promise<string | undefined>;
};

const guarded = new WeakSet<object>();

// #region guard
/** Registers routes on this router; each one names its policy. */
export function createGuardedRoutes(
  router: IRouter,
  { access, findUser }: Options,
) {
  return function route(
    method: Method,
    path: string,
    policy: Policy,
    handle: Handler,
  ): void {
    if (policy !== 'public' && !path.includes('/:orgId'))
      throw new Error(`${path} needs :orgId for ${policy}`);
    const place = router.route(path);
    guarded.add(place);
    // Express 4 ignores a rejected promise, so pass it on.
    place[method]((request, response, next) => {
      serve(request as Parameters<Handler>[0], response).catch(next);
    });

    async function serve(
      request: Parameters<Handler>[0],
      response: Response,
    ) {
      if (policy === 'public') return handle(request, response, '');
      const userId = await findUser(request);
      if (!userId)
        throw new HttpProblem(401, 'not_logged_in', 'Log in');
      const orgId = `${request.params.orgId}`;
      await access.require({ userId, orgId, permission: policy });
      return handle(request, response, userId);
    }
  };
}
// #endregion guard

type Layer = { route?: { path: string }; handle?: { stack?: Layer[] } };

// #region find-unguarded
/** Paths without a policy, in Express 4 and 5; also of mounted routers. */
export function findUnguarded(app: object): string[] {
  const { _router, router, stack } = app as Record<string, unknown> & {
    stack?: Layer[];
  };
  const root = (_router ?? router) as { stack: Layer[] } | undefined;
  const layers = stack ?? root?.stack ?? [];
  return layers.flatMap(({ route, handle }) => {
    if (route) return guarded.has(route) ? [] : [route.path];
    return handle?.stack ? findUnguarded({ stack: handle.stack }) : [];
  });
}
// #endregion find-unguarded
