import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import {
  type Caller,
  NotFoundProblem,
  requirePermission,
} from './access.ts';
import type { Permission } from './policies.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** Such as `GET /orgs/:orgId`. */
type Route = `${Method} /${string}`;
type Policy = 'public' | 'user' | Permission;
type GuardedRequest = IncomingMessage & {
  params: Record<string, string>;
};

export type GuardOptions<Req = GuardedRequest> = {
  db: Queryable;
  /** The id of the user who is logged in, from your sessions. */
  findUser: (
    request: Req,
  ) => string | undefined | Promise<string | undefined>;
};

const policies = new WeakMap<object, Policy>();
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Adds routes to an app or a router; each one names who may use it. */
export function createGuardedRoutes<
  Req extends GuardedRequest = GuardedRequest,
  Res extends ServerResponse = ServerResponse,
>(
  router: { route: (path: string) => object },
  { db, findUser }: GuardOptions<Req>,
) {
  type Handler<Who extends unknown[]> = (
    request: Req,
    response: Res,
    ...who: Who
  ) => unknown;
  const added = new Set<Route>();

  /** For everybody, without a login. */
  function forAll(route: Route, handle: Handler<[]>): void {
    add(route, 'public', handle);
  }

  /** For each user who is logged in: what belongs to no organisation. */
  function forUsers(
    route: Route,
    handle: Handler<[userId: string]>,
  ): void {
    add(route, 'user', async (request, response) => {
      const userId = await requireUser(request, response);
      await handle(request, response, userId);
    });
  }

  // #region for-members
  /** For members of `:orgId` whose role has the permission. */
  function forMembers(
    route: Route,
    permission: Permission,
    handle: Handler<[caller: Caller]>,
  ): void {
    add(route, permission, async (request, response) => {
      const userId = await requireUser(request, response);
      const { orgId = '' } = request.params;
      const ids = [orgId, ...Object.values(request.params)];
      if (!ids.every((id) => UUID.test(id)))
        throw new NotFoundProblem();
      const caller = { userId, orgId };
      await requirePermission(db, caller, permission);
      await handle(request, response, caller);
    });
  }

  async function requireUser(request: Req, response: Res) {
    response.setHeader('cache-control', 'no-store');
    const userId = await findUser(request);
    if (userId) return userId;
    throw new HttpProblem(401, 'not_logged_in', 'Log in');
  }
  // #endregion for-members

  function add(
    route: Route,
    policy: Policy,
    handle: Handler<[]>,
  ): void {
    if (added.has(route))
      throw new TypeError(`${route} is there twice`);
    added.add(route);
    const [method = '', path = ''] = route.split(' ');
    const place = router.route(path) as Place;
    policies.set(place, policy);
    place[method.toLowerCase() as Lowercase<Method>](handle);
  }

  return { forAll, forUsers, forMembers };
}

type Place = Record<Lowercase<Method>, (handle: unknown) => unknown>;
type Router = { params: object; stack: Layer[] };
type Layer = {
  name: string;
  route?: { path: unknown; methods: object };
  handle: Router | object;
};
type Listed = [name: string, policy?: Policy | undefined];

// #region list-routes
/** Each handler of an app and its policy, but for those in `open`. */
export function listRoutes(
  app: { router: unknown },
  open: readonly unknown[] = [],
): Listed[] {
  const { params, stack } = app.router as Router;
  const own: Listed[] = Object.keys(params).map((p) => [`param ${p}`]);
  return [...own, ...stack.flatMap(listLayer)];

  function listLayer({ name, route, handle }: Layer): Listed[] {
    if (route)
      return Object.keys(route.methods).map((method) => [
        `${method.toUpperCase()} ${route.path}`,
        policies.get(route),
      ]);
    if ('stack' in handle) return listRoutes({ router: handle }, open);
    return open.includes(handle) ? [] : [[`handler ${name}`]];
  }
}

/** Call it last: the app does not start while a handler has no policy. */
export function requirePolicies(
  app: { router: unknown },
  open: readonly unknown[] = [],
): void {
  const bare = listRoutes(app, open).filter(([, policy]) => !policy);
  if (bare.length === 0) return;
  const names = bare.map(([name]) => name).join(', ');
  throw new Error(`There is no policy for ${names}`);
}
// #endregion list-routes
