import { listen } from '@touchstone/kit/app/http';
import { openPool } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { answerErrors } from '../../api-design/error-handling/answer-errors.ts';
import { ALLOWED, allow, requirePermission } from './access.ts';
import {
  createOrganisation,
  type Organisation,
} from './create-organisation.ts';
import {
  createGuardedRoutes,
  listRoutes,
  requirePolicies,
} from './guarded-routes.ts';
import {
  type Change,
  createMemberships,
  type Outcome,
} from './memberships.ts';
import { POLICIES, ROLES, type Role } from './policies.ts';
import { startTestApp } from './test-app.ts';

const NOT_FOUND = {
  status: 404,
  body: {
    code: 'not_found',
    detail: 'There is nothing at this path',
  },
};
const FORBIDDEN = {
  status: 403,
  body: { code: 'permission_missing' },
};

/** The answer of each route to: viewer, member, admin, owner, the owner of another organisation, nobody. */
const MATRIX: Record<string, number[]> = {
  'GET /health': [204, 204, 204, 204, 204, 204],
  'GET /orgs': [200, 200, 200, 200, 200, 401],
  'POST /orgs': [201, 201, 201, 201, 201, 401],
  'GET /orgs/:orgId/members': [200, 200, 200, 200, 404, 401],
  'PUT /orgs/:orgId/members/:memberId': [403, 403, 204, 204, 404, 401],
  'DELETE /orgs/:orgId/members/:memberId': [
    403, 403, 204, 204, 404, 401,
  ],
  'DELETE /orgs/:orgId/membership': [204, 204, 204, 409, 404, 401],
  'GET /orgs/:orgId/contracts': [200, 200, 200, 200, 404, 401],
  'POST /orgs/:orgId/contracts': [403, 201, 201, 201, 404, 401],
  'GET /orgs/:orgId/contracts/:contractId': [
    200, 200, 200, 200, 404, 401,
  ],
  'PATCH /orgs/:orgId/contracts/:contractId': [
    403, 204, 204, 204, 404, 401,
  ],
  'PUT /orgs/:orgId/contracts/:contractId/price': [
    403, 403, 204, 204, 404, 401,
  ],
  'DELETE /orgs/:orgId/contracts/:contractId': [
    403, 403, 204, 204, 404, 401,
  ],
};

/** What a route needs to answer with success. */
const BODIES: Record<string, object> = {
  'PUT /orgs/:orgId/members/:memberId': { role: 'viewer' },
  'POST /orgs/:orgId/contracts': { title: 'Licence' },
  'PATCH /orgs/:orgId/contracts/:contractId': { title: 'Licence' },
  'PUT /orgs/:orgId/contracts/:contractId/price': { priceCents: 1 },
};

type TestApp = Awaited<ReturnType<typeof startTestApp>>;

/** Sends what the row is about, to an organisation that nothing else uses. */
async function ask(
  app: TestApp,
  row: string,
  choose: (own: Organisation) => string | undefined,
) {
  const own = await createOrganisation(app.pool);
  const [method = '', path = ''] = row.split(' ');
  const url = path
    .replace(':orgId', own.orgId)
    .replace(':memberId', own.users.viewer)
    .replace(':contractId', own.contractId);
  const body = BODIES[row];
  return app.as(choose(own))(method, url, body && { body });
}

failure(
  'A role may do more than was decided, at one of many routes',
  {
    symptom:
      'The test that asks each route with each role fails; a route that has no row in it fails too',
    defence: 'for-members',
    remains: 'The rows are yours to decide, and to review',
  },
  async () => {
    await using app = await startTestApp();
    const routes = listRoutes(app.app).map(([name]) => name);
    const served = routes.filter((name) => /^[A-Z]/.test(name));
    expect(served.toSorted()).toEqual(Object.keys(MATRIX).toSorted());

    for (const [row, statuses] of Object.entries(MATRIX)) {
      const who = [
        ...ROLES.map((role) => (own: Organisation) => own.users[role]),
        () => app.globex.users.owner,
        () => undefined,
      ];
      const answers = await Promise.all(
        who.map((choose) => ask(app, row, choose)),
      );
      expect(
        answers.map(({ status }) => status),
        row,
      ).toEqual(statuses);
    }
    expect(app.log.entries).toEqual([]);
  },
);

failure(
  'A route is added without a check',
  {
    symptom: 'The app does not start: `There is no policy for …`',
    defence: 'list-routes',
    remains:
      'What you list as open is yours to check; a route that is added later is not seen',
  },
  async () => {
    await using app = await startTestApp();
    const bare = express();
    const { forAll, forUsers, forMembers } = createGuardedRoutes(bare, {
      db: app.pool,
      findUser: () => undefined,
    });
    forAll('GET /free', (_, response) => response.end());
    forUsers('GET /mine', (_, response) => response.end());
    forMembers('GET /orgs/:orgId', 'member:read', (_, response) =>
      response.end(),
    );
    function middleware() {}
    bare.use(middleware);
    expect(() => requirePolicies(bare, [middleware])).not.toThrow();
    expect(() => requirePolicies(bare)).toThrow(
      'There is no policy for handler middleware',
    );
    expect(listRoutes(bare, [middleware])).toEqual([
      ['GET /free', 'public'],
      ['GET /mine', 'user'],
      ['GET /orgs/:orgId', 'member:read'],
    ]);

    bare.get('/bare', middleware).all('/every', middleware);
    const nested = express.Router();
    nested.route('/inner').put(middleware).delete(middleware);
    bare.use('/files', nested, () => {});
    // Of the name of the one that is open, but not that one.
    bare.use({ middleware: () => {} }.middleware);
    bare.use('/other', express());
    expect(() => requirePolicies(bare, [middleware, nested])).toThrow(
      /^There is no policy for GET \/bare, .*\/every, PUT \/inner, DELETE \/inner, handler <anonymous>, handler middleware, handler mounted_app$/,
    );
  },
);

failure(
  'A user guesses the id of a contract of another organisation',
  {
    symptom:
      '404, as for an id that does not exist; nothing is changed',
    defence: 'allowed',
    remains:
      'A query of yours without the condition: the database does not refuse it',
  },
  async () => {
    await using app = await startTestApp();
    const { acme, globex, pool } = app;
    const send = app.as(globex.users.owner);
    const unknown = crypto.randomUUID();
    for (const orgId of [acme.orgId, globex.orgId])
      for (const id of [acme.contractId, unknown]) {
        const path = `/orgs/${orgId}/contracts/${id}`;
        const title = { body: { title: 'Mine' } };
        const price = { body: { priceCents: 1 } };
        const answers = [
          await send('GET', path),
          await send('PATCH', path, title),
          await send('PUT', `${path}/price`, price),
          await send('DELETE', path),
        ];
        for (const answer of answers)
          expect(answer).toMatchObject(NOT_FOUND);
      }
    const { body } = await send<object[]>(
      'GET',
      `/orgs/${globex.orgId}/contracts`,
    );
    expect(body).toEqual([
      { id: globex.contractId, title: 'Lease', priceCents: '9900' },
    ]);
    const { rows } = await pool.query(
      'select title from contracts where id = $1',
      [acme.contractId],
    );
    expect(rows).toEqual([{ title: 'Lease' }]);
  },
);

failure(
  'A request sets a field that its sender may not set, or reads one',
  {
    symptom:
      '400 for each field that the route does not take; the price is null without `contract:price`',
    defence: 'bodies',
    remains:
      'Select columns by name: `select *` shows those of next year',
  },
  async () => {
    await using app = await startTestApp();
    const { acme } = app;
    const contracts = `/orgs/${acme.orgId}/contracts`;
    const one = `${contracts}/${acme.contractId}`;
    const member = app.as(acme.users.member);
    for (const extra of [
      { priceCents: 1 },
      { orgId: app.globex.orgId },
      { role: 'owner' },
    ]) {
      const options = { body: { title: 'Lease', ...extra } };
      for (const answer of [
        await member('POST', contracts, options),
        await member('PATCH', one, options),
      ])
        expect(answer).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
    }

    const priced = { title: 'Lease', priceCents: '9900' };
    const hidden = { title: 'Lease', priceCents: null };
    for (const role of ROLES) {
      const send = app.as(acme.users[role]);
      const mayPrice = role === 'admin' || role === 'owner';
      const seen = {
        id: acme.contractId,
        ...(mayPrice ? priced : hidden),
      };
      expect((await send('GET', one)).body).toEqual(seen);
      expect((await send('GET', contracts)).body).toEqual([seen]);
    }
  },
);

failure(
  'A role is taken away, and its user goes on',
  {
    symptom:
      '403 or 404 at the next request; a write that has passed the check at its route changes nothing',
    defence: 'require-permission',
    remains:
      'A statement that began before the change may still finish; an event stream goes on until you ask again',
  },
  async () => {
    await using app = await startTestApp();
    const { acme, pool } = app;
    const one = `/orgs/${acme.orgId}/contracts/${acme.contractId}`;
    const send = app.as(acme.users.member);
    const rename = (title: string) =>
      send('PATCH', one, { body: { title } });
    expect((await rename('First')).status).toBe(204);

    // The check at its route has passed when the role is taken away.
    const { unlock } = await lockTable(pool, 'contracts', 'exclusive');
    const late = rename('Late');
    await untilWaiting(pool);
    await setRole(app, acme.users.member, 'viewer');
    await unlock();
    expect(await late).toMatchObject(NOT_FOUND);

    expect(await rename('Second')).toMatchObject({
      ...FORBIDDEN,
      body: {
        ...FORBIDDEN.body,
        detail: 'Your role does not have contract:write',
      },
    });
    const { body } = await send('GET', one);
    expect(body.title).toBe('First');
    await pool.query('delete from memberships where user_id = $1', [
      acme.users.member,
    ]);
    expect(await rename('Third')).toMatchObject(NOT_FOUND);
    expect((await send('GET', one)).status).toBe(404);
  },
);

failure(
  'An admin makes themselves an owner, or removes one',
  {
    symptom:
      '403: an admin gives no role above theirs, and changes no owner',
    defence: 'change-sql',
    remains: 'An owner can do everything, also by mistake',
  },
  async () => {
    await using app = await startTestApp();
    const { acme } = app;
    const { viewer, member, admin, owner } = acme.users;
    const path = (id: string) => `/orgs/${acme.orgId}/members/${id}`;
    const send = app.as(admin);
    const put = (id: string, role: Role) =>
      send('PUT', path(id), { body: { role } });
    const refused = {
      ...FORBIDDEN,
      body: { ...FORBIDDEN.body, detail: 'Ask an owner' },
    };
    expect(await put(admin, 'owner')).toMatchObject(refused);
    expect(await put(member, 'owner')).toMatchObject(refused);
    expect(await put(owner, 'viewer')).toMatchObject(refused);
    expect(await send('DELETE', path(owner))).toMatchObject(refused);
    expect(await rolesOf(app)).toEqual(ROLES);

    expect((await put(viewer, 'admin')).status).toBe(204);
    expect(await rolesOf(app)).toEqual(['admin', ...ROLES.slice(1)]);
    // An admin may change another one, and step down.
    expect((await put(viewer, 'member')).status).toBe(204);
    expect((await put(admin, 'viewer')).status).toBe(204);
    const removal = await app.as(owner)('DELETE', path(member));
    expect(removal.status).toBe(204);
    expect(await rolesOf(app)).toEqual(['member', 'viewer', 'owner']);
    const others = await app.as(app.globex.users.owner)<object[]>(
      'GET',
      `/orgs/${app.globex.orgId}/members`,
    );
    expect(others.body).toHaveLength(4);
  },
);

failure(
  'The last two owners leave, or demote each other, at once',
  {
    symptom: 'One gets 409 `last_owner`, or 403: an owner is left',
    defence: 'change-sql',
    remains: 'SQL that does not go through `change` can remove all',
  },
  async () => {
    await using app = await startTestApp();
    const { change } = app.memberships;
    for (let round = 0; round < 10; round++) {
      const { orgId, users } = await createOrganisation(app.pool);
      const [a, b] = [users.owner, users.admin];
      await setRole(app, b, 'owner');
      const [first, second]: Change[] =
        round % 2
          ? [
              { orgId, userId: a, memberId: a, role: null },
              { orgId, userId: b, memberId: b, role: null },
            ]
          : [
              { orgId, userId: a, memberId: b, role: 'viewer' },
              { orgId, userId: b, memberId: a, role: 'viewer' },
            ];
      // Both wait, and then go on at the same moment.
      const { unlock } = await lockTable(app.pool, 'memberships');
      const both = [change(first as Change), change(second as Change)];
      await untilWaiting(app.pool, 2);
      await unlock();
      const lost = round % 2 ? 'last_owner' : 'not_allowed';
      expect((await Promise.all(both)).toSorted()).toEqual([
        'changed',
        lost,
      ]);
      const { rows } = await app.pool.query(
        `select from memberships where org_id = $1 and role = 'owner'`,
        [orgId],
      );
      expect(rows).toHaveLength(1);
    }
  },
);

failure(
  'An id in the path is not an id',
  {
    symptom: '404, and no line in the log: Postgres is not asked',
    defence: 'for-members',
    remains: 'With ids that are not UUIDs, change the pattern',
  },
  async () => {
    await using app = await startTestApp();
    const { acme, log } = app;
    const send = app.as(acme.users.owner);
    const id = acme.contractId;
    for (const bad of [
      '1',
      'a%00b',
      "'",
      `${id}0`,
      `0${id}`,
      id.slice(1),
      id.replaceAll('-', ''),
      `${id.slice(0, -1)}g`,
      `g${id.slice(1)}`,
      '%F0%9F%92%A9',
    ]) {
      const contracts = `/orgs/${acme.orgId}/contracts`;
      for (const path of [
        `/orgs/${bad}/members`,
        `${contracts}/${bad}`,
      ])
        expect(await send('GET', path), path).toMatchObject(NOT_FOUND);
    }
    const upper = `/orgs/${acme.orgId.toUpperCase()}/contracts/${id}`;
    expect((await send('GET', upper)).status).toBe(200);
    expect(log.entries).toEqual([]);
  },
);

failure(
  'An account is deleted whose user is the last owner',
  {
    symptom:
      'Postgres refuses: the user has to leave, and `change` keeps the last owner',
    defence: 'memberships',
    remains: 'Delete the organisation first, or name another owner',
  },
  async () => {
    await using app = await startTestApp();
    const { acme, pool } = app;
    const { owner, viewer } = acme.users;
    const remove = (id: string) =>
      pool.query('delete from users where id = $1', [id]);
    await expect(remove(owner)).rejects.toMatchObject({
      code: '23503',
    });
    const leave = (id: string) =>
      app.as(id)('DELETE', `/orgs/${acme.orgId}/membership`);
    expect(await leave(owner)).toMatchObject({
      status: 409,
      body: {
        code: 'last_owner',
        detail: 'Make another owner first',
      },
    });
    expect((await leave(viewer)).status).toBe(204);
    await remove(viewer);

    await pool.query('delete from organisations where id = $1', [
      acme.orgId,
    ]);
    await remove(owner);
    const left = await pool.query('select from memberships');
    expect(left.rowCount).toBe(4);
  },
);

failure(
  'The database runs all transactions as repeatable read',
  {
    symptom: 'None: `change` runs as read committed in any case',
    defence: 'change',
    remains: 'Statements of your own may then fail with 40001',
  },
  async () => {
    await using app = await startTestApp();
    const { acme } = app;
    const { owner, viewer } = acme.users;
    await using strict = openPool(app.databaseUrl, {
      options: '-c default_transaction_isolation=repeatable\\ read',
    });
    const { change } = createMemberships(strict.pool);
    const client = await app.pool.connect();
    await client.query('begin');
    await client.query(
      'update memberships set role = role where user_id = $1',
      [viewer],
    );
    const { orgId } = acme;
    const waiting = change({
      orgId,
      userId: owner,
      memberId: viewer,
      role: 'member',
    });
    await untilWaiting(app.pool);
    await client.query('commit');
    client.release();
    expect(await waiting).toBe('changed');
    expect(await rolesOf(app)).toEqual(['member', ...ROLES.slice(1)]);
  },
);

describe('a change of a role', () => {
  /** What each actor is told: viewer, member, admin, owner, a stranger. */
  async function askAll(
    app: TestApp,
    choose: (own: Organisation, actorId: string) => Partial<Change>,
  ) {
    const outcomes: Outcome[] = [];
    for (const role of [...ROLES, undefined]) {
      const own = await createOrganisation(app.pool);
      const userId = role ? own.users[role] : app.acme.users.owner;
      const { orgId } = own;
      outcomes.push(
        await app.memberships.change({
          orgId,
          userId,
          memberId: userId,
          role: null,
          ...choose(own, userId),
        }),
      );
    }
    return outcomes;
  }

  it('tells apart who may not, who is not there, and the last owner', async () => {
    await using app = await startTestApp();
    const no = 'not_allowed';
    const none = 'not_a_member';
    const yes = 'changed';
    const memberId = crypto.randomUUID();
    expect(await askAll(app, () => ({ memberId }))).toEqual([
      no,
      no,
      none,
      none,
      no,
    ]);
    const member = (own: Organisation) => own.users.member;
    expect(
      await askAll(app, (own) => ({ memberId: member(own) })),
    ).toEqual([no, yes, yes, yes, no]);
    expect(await askAll(app, () => ({}))).toEqual([
      yes,
      yes,
      yes,
      'last_owner',
      no,
    ]);
    expect(await askAll(app, () => ({ role: 'viewer' }))).toEqual([
      no,
      no,
      yes,
      'last_owner',
      no,
    ]);
    expect(await askAll(app, () => ({ role: 'owner' }))).toEqual([
      no,
      no,
      no,
      yes,
      no,
    ]);
    expect(
      await askAll(app, (own) => ({
        memberId: own.users.admin,
        role: 'admin',
      })),
    ).toEqual([no, no, yes, yes, no]);
    expect(
      await askAll(app, (own) => ({ memberId: own.users.owner })),
    ).toEqual([no, no, no, 'last_owner', no]);
  });

  it('counts the owners of its own organisation alone', async () => {
    await using app = await startTestApp();
    const { acme, globex, memberships } = app;
    const { owner } = acme.users;
    await app.pool.query(
      `insert into memberships values ($1, $2, 'owner')`,
      [globex.orgId, owner],
    );
    const leave = (orgId: string) =>
      memberships.change({
        orgId,
        userId: owner,
        memberId: owner,
        role: null,
      });
    expect(await leave(acme.orgId)).toBe('last_owner');
    expect(await leave(globex.orgId)).toBe('changed');
    expect(await rolesOf(app)).toEqual(ROLES);
    expect(await memberships.listOrganisations(owner)).toEqual([
      { orgId: acme.orgId, role: 'owner' },
    ]);
  });

  it('changes that member in that organisation alone', async () => {
    await using app = await startTestApp();
    const { acme, globex, memberships, pool } = app;
    const { member, owner } = acme.users;
    await pool.query(
      `insert into memberships values ($1, $2, 'viewer')`,
      [globex.orgId, member],
    );
    const here = { orgId: acme.orgId, userId: owner, memberId: member };
    await memberships.change({ ...here, role: 'admin' });
    expect(await memberships.listOrganisations(member)).toEqual(
      [
        { orgId: acme.orgId, role: 'admin' },
        { orgId: globex.orgId, role: 'viewer' },
      ].toSorted((a, b) => (a.orgId < b.orgId ? -1 : 1)),
    );
    await memberships.change({ ...here, role: null });
    expect(await memberships.listOrganisations(member)).toEqual([
      { orgId: globex.orgId, role: 'viewer' },
    ]);
    expect(await rolesOf(app)).toEqual(['viewer', 'admin', 'owner']);
  });

  it.each<[string, string, Outcome]>([
    [`update memberships set role = 'viewer'`, 'admin', 'not_allowed'],
    [`update memberships set role = 'owner'`, 'viewer', 'not_allowed'],
    ['delete from memberships', 'admin', 'not_allowed'],
    ['delete from memberships', 'viewer', 'not_a_member'],
  ])(
    'counts %s of the %s that it waited for',
    async (sql, whose, outcome) => {
      await using app = await startTestApp();
      const { orgId, users } = app.acme;
      const { admin, viewer } = users;
      const client = await app.pool.connect();
      await client.query('begin');
      await client.query(`${sql} where user_id = $1`, [
        users[whose as Role],
      ]);
      const waiting = app.memberships.change({
        orgId,
        userId: admin,
        memberId: viewer,
        role: 'member',
      });
      await untilWaiting(app.pool);
      await client.query('commit');
      client.release();
      expect(await waiting).toBe(outcome);
    },
  );

  it('does not deadlock when many changes of owners meet', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const ids = [users.viewer, users.member, users.admin, users.owner];
    for (const id of ids) await setRole(app, id, 'owner');
    const { unlock } = await lockTable(app.pool, 'memberships');
    // The pool has ten connections: the lock and the question need two.
    const changes = ids.flatMap((userId, index) =>
      [ids.at(index - 1), ids.at(index - 2)].map((memberId) =>
        app.memberships.change({
          orgId,
          userId,
          memberId: `${memberId}`,
          role: 'owner',
        }),
      ),
    );
    await untilWaiting(app.pool, 8);
    await unlock();
    expect(new Set(await Promise.all(changes))).toEqual(
      new Set(['changed']),
    );
  });

  it('locks its members in the order of their ids, whatever the plan', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const userIds = [users.owner, users.viewer].toSorted();
    const [low = '', high = ''] = userIds;
    await app.pool.query('delete from memberships');
    for (const id of [high, low])
      await app.pool.query(
        `insert into memberships values ($1, $2, 'owner')`,
        [orgId, id],
      );
    await using unsorted = openPool(app.databaseUrl, {
      options: '-c enable_indexscan=off -c enable_bitmapscan=off',
    });
    await using held = await lockMember(app, low, 'update');
    const change = createMemberships(unsorted.pool).change({
      ...{ orgId, userId: high, memberId: low, role: 'viewer' },
    });
    await untilWaiting(app.pool);
    const { rowCount } = await app.pool.query(
      `select from memberships where user_id = $1 for update nowait`,
      [high],
    );
    expect(rowCount).toBe(1);
    await held.unlock();
    expect(await change).toBe('changed');
  });

  it('waits for no other member, and for no row that refers to one', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const { viewer, member, owner } = users;
    await using _other = await lockMember(app, member, 'update');
    await using _same = await lockMember(app, viewer, 'key share');
    const { change } = app.memberships;
    const wanted = { orgId, userId: owner, memberId: viewer };
    expect(await change({ ...wanted, role: 'admin' })).toBe('changed');
  });

  it('is refused when one of the roles is not known to this process', async () => {
    await using app = await startTestApp();
    const { acme, memberships, pool } = app;
    const { viewer, member, admin } = acme.users;
    await pool.query(
      'alter table memberships drop constraint memberships_role_check',
    );
    await setRole(app, viewer, 'superowner');
    const change = (userId: string, memberId: string, role: unknown) =>
      memberships.change({
        ...{ orgId: acme.orgId, userId, memberId },
        role: role as Role | null,
      });
    for (const outcome of [
      await change(admin, viewer, 'viewer'),
      await change(admin, viewer, null),
      await change(admin, admin, 'superowner'),
      await change(admin, member, 'superowner'),
      await change(viewer, member, 'viewer'),
      await change(viewer, viewer, null),
    ])
      expect(outcome).toBe('not_allowed');
    const roles = ['superowner', ...ROLES.slice(1)];
    expect(await rolesOf(app)).toEqual(roles);
  });

  it('removes no member when the role is missing', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const wanted = {
      orgId,
      userId: users.owner,
      memberId: users.viewer,
    };
    await expect(
      app.memberships.change(wanted as Change),
    ).rejects.toThrow(new TypeError('role is missing'));
    expect(await rolesOf(app)).toEqual(ROLES);
  });

  it('gives up on a lock and on a connection after seconds, with 503', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const { owner, viewer } = users;
    await using held = await lockMember(app, viewer, 'update');
    const busy = { status: 503, code: 'try_again' };
    const { memberships } = app;
    const wanted = { orgId, userId: owner, memberId: viewer };
    const demote = { ...wanted, role: null };
    await expect(memberships.change(demote)).rejects.toMatchObject({
      ...busy,
      cause: { code: '55P03' },
    });
    const path = `/orgs/${orgId}/members/${viewer}`;
    const answer = await app.as(owner)('DELETE', path);
    expect(answer).toMatchObject({ status: 503, body: busy });
    expect(answer.headers.get('retry-after')).toBe('1');

    await using small = openPool(app.databaseUrl, { max: 1 });
    const client = await small.pool.connect();
    const began = performance.now();
    const { change } = createMemberships(small.pool);
    const thrown = await change(demote).catch((error) => error);
    const waitedMs = performance.now() - began;
    client.release();
    const timedOut = { ...busy, cause: { code: 'timed_out' } };
    expect(thrown).toMatchObject(timedOut);
    expect(waitedMs).toBeLessThan(10_000);

    await held.unlock();
    await app.pool.query('drop table memberships');
    await expect(change(demote)).rejects.toMatchObject({
      code: '42P01',
    });
  });

  it('does not let one organisation keep the others waiting', async () => {
    await using app = await startTestApp();
    const { acme, globex } = app;
    const { owner, viewer } = acme.users;
    await using _held = await lockMember(app, viewer, 'update');
    const path = `/orgs/${acme.orgId}/members/${viewer}`;
    const flood = Array.from({ length: 30 }, () =>
      app.as(owner)('DELETE', path),
    );
    await using watcher = openPool(app.databaseUrl);
    await untilWaiting(watcher.pool, 8);
    const began = performance.now();
    const other = await app.as(globex.users.viewer)(
      'GET',
      `/orgs/${globex.orgId}/members`,
    );
    expect(other.status).toBe(200);
    expect(performance.now() - began).toBeLessThan(5000);
    const answers = await Promise.all(flood);
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
  });
});

describe('an organisation', () => {
  it('begins with its founder as the owner', async () => {
    await using app = await startTestApp();
    const founder = app.acme.users.viewer;
    const { body } = await app.as(founder)('POST', '/orgs');
    const { orgId } = body;
    const mine = await app.as(founder)<object[]>('GET', '/orgs');
    expect(mine.body).toEqual(
      [
        { orgId: app.acme.orgId, role: 'viewer' },
        { orgId, role: 'owner' },
      ].toSorted((a, b) => (`${a.orgId}` < `${b.orgId}` ? -1 : 1)),
    );
    expect(
      (await app.as(founder)('GET', `/orgs/${orgId}/members`)).body,
    ).toEqual([{ userId: founder, role: 'owner' }]);
  });

  it('shows its members to members only', async () => {
    await using app = await startTestApp();
    const { acme, globex, memberships } = app;
    const { listMembers } = memberships;
    const { orgId } = acme;
    const expected = ROLES.map((role) => ({
      userId: acme.users[role],
      role,
    })).toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
    for (const role of ROLES) {
      const caller = { orgId, userId: acme.users[role] };
      expect(await listMembers(caller)).toEqual(expected);
    }
    const stranger = { orgId, userId: globex.users.owner };
    expect(await listMembers(stranger)).toEqual([]);
  });

  it('is listed with at most 100 others, and shows 100 members', async () => {
    await using app = await startTestApp();
    const { acme, memberships, pool } = app;
    const userId = acme.users.viewer;
    await pool.query(
      `with member as (
         insert into users
         select from generate_series(1, 100)
         returning id
       ), organisation as (
         insert into organisations
         select from generate_series(1, 100)
         returning id
       )
       insert into memberships
       select $1::uuid, id, 'viewer' from member
       union all
       select id, $2::uuid, 'viewer' from organisation`,
      [acme.orgId, userId],
    );
    const caller = { orgId: acme.orgId, userId };
    const members = await memberships.listMembers(caller);
    expect(members).toHaveLength(100);
    const mine = await memberships.listOrganisations(userId);
    expect(mine).toHaveLength(100);
  });

  it('is found by its user with an index', async () => {
    await using app = await startTestApp();
    await using forced = openPool(app.databaseUrl, {
      options: '-c enable_seqscan=off',
    });
    const { rows } = await forced.pool.query(
      `explain select from memberships where user_id = gen_random_uuid()`,
    );
    expect(JSON.stringify(rows)).toContain('memberships_of_a_user');
  });
});

describe('the roles', () => {
  it('are the same in the code and in the database', async () => {
    await using app = await startTestApp();
    const { acme, pool } = app;
    const { rows } = await pool.query<{ check: string }>(
      `select pg_get_constraintdef(oid) as check
       from pg_constraint
       where conname = 'memberships_role_check'`,
    );
    const known = `${rows[0]?.check}`.matchAll(/'(.*?)'/g);
    expect([...known].map(([, role]) => role)).toEqual(ROLES);
    for (const role of ['Owner', '', '*'])
      await expect(
        setRole(app, acme.users.viewer, role),
      ).rejects.toMatchObject({ code: '23514' });
    const user = acme.users.admin;
    await expect(
      pool.query(`insert into memberships values ($1, $2, 'viewer')`, [
        acme.orgId,
        user,
      ]),
    ).rejects.toMatchObject({ code: '23505' });
    for (const column of ['org_id', 'user_id', 'role'])
      await expect(
        pool.query(`update memberships set ${column} = null`),
      ).rejects.toMatchObject({ code: '23502' });
    await expect(
      pool.query('insert into memberships values ($1, $2, $3)', [
        crypto.randomUUID(),
        user,
        'viewer',
      ]),
    ).rejects.toMatchObject({ code: '23503' });
  });

  it('have the permissions of the table, and no other', async () => {
    await using app = await startTestApp();
    const { acme, pool } = app;
    const decided = {
      'contract:read': 'viewer member admin owner',
      'contract:write': 'member admin owner',
      'contract:price': 'admin owner',
      'contract:delete': 'admin owner',
      'member:read': 'viewer member admin owner',
      'member:change': 'admin owner',
    };
    const table = Object.entries(POLICIES).map(
      ([permission, roles]) => [permission, roles.join(' ')],
    );
    expect(Object.fromEntries(table)).toEqual(decided);

    const caller = { orgId: acme.orgId, userId: acme.users.owner };
    expect(allow(caller, 'contract:price')).toEqual([
      acme.orgId,
      acme.users.owner,
      ['admin', 'owner'],
    ]);
    // No role has a permission that is not in the table.
    const nothing = 'nothing' as 'member:read';
    await expect(
      requirePermission(pool, caller, nothing),
    ).rejects.toMatchObject({ status: 403 });
    const { rows } = await pool.query(
      `select from memberships my where ${ALLOWED}`,
      allow(caller, nothing),
    );
    expect(rows).toEqual([]);
  });
});

describe('a guarded route', () => {
  it('tells nobody apart before the login, and lets no cache keep an answer', async () => {
    await using app = await startTestApp();
    const { acme } = app;
    const path = `/orgs/${acme.orgId}/members`;
    for (const one of [path, '/orgs', '/orgs/1/members']) {
      const answer = await app.as()('GET', one);
      expect(answer).toMatchObject({
        status: 401,
        body: { code: 'not_logged_in', detail: 'Log in' },
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    for (const one of [path, '/orgs']) {
      const answer = await app.as(acme.users.owner)('GET', one);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('is the only one of its method and path', async () => {
    await using app = await startTestApp();
    const bare = express();
    const { forAll, forUsers, forMembers } = createGuardedRoutes(bare, {
      db: app.pool,
      findUser: () => undefined,
    });
    forAll('GET /orgs/:orgId', () => {});
    forUsers('POST /orgs/:orgId', () => {});
    const twice = new TypeError('GET /orgs/:orgId is there twice');
    expect(() => forUsers('GET /orgs/:orgId', () => {})).toThrow(twice);
    expect(() =>
      forMembers('GET /orgs/:orgId', 'member:read', () => {}),
    ).toThrow(twice);
    expect(listRoutes(bare)).toHaveLength(2);
  });

  it('hides no other one of the same name', async () => {
    await using app = await startTestApp();
    const options = { db: app.pool, findUser: () => undefined };
    const handle = () => {};
    const same = ['GET /x', 'GET /x'];
    const one = express();
    one.get('/x', handle);
    createGuardedRoutes(one, options).forAll('GET /x', handle);
    const two = express();
    const [first, second] = [express.Router(), express.Router()];
    first.get('/x', handle);
    createGuardedRoutes(second, options).forAll('GET /x', handle);
    two.use('/api', first).use('/api', second);
    for (const bare of [one, two]) {
      expect(listRoutes(bare).map(([name]) => name)).toEqual(same);
      expect(() => requirePolicies(bare)).toThrow(
        /^There is no policy for GET \/x$/,
      );
    }
  });

  it('comes after no callback of a parameter', () => {
    const bare = express();
    bare.param('contractId', () => {});
    const nested = express.Router();
    nested.param('userId', () => {});
    bare.use('/deep', nested);
    expect(() => requirePolicies(bare, [nested])).toThrow(
      /^There is no policy for param contractId, param userId$/,
    );
  });

  it('answers 404 without an organisation, and checks each id', async () => {
    await using app = await startTestApp();
    const { orgId, users } = app.acme;
    const guarded = express();
    const { forMembers } = createGuardedRoutes(guarded, {
      db: app.pool,
      findUser: ({ headers }) => `${headers['x-user'] ?? ''}`,
    });
    for (const path of [
      '/members',
      '/optional{/:orgId/contracts}',
      '/orgs/:orgId/:contractId/:itemId',
    ])
      forMembers(
        `GET ${path}` as 'GET /',
        'member:read',
        (_request, response) => response.end(),
      );
    await using server = await listenWithErrors(guarded);
    const get = async (path: string, user = users.owner) => {
      const headers = { 'x-user': user };
      return (await fetch(server.url + path, { headers })).status;
    };
    expect(await get('/members')).toBe(404);
    expect(await get('/optional')).toBe(404);
    expect(await get(`/optional/${orgId}/contracts`)).toBe(200);
    const two = `/orgs/${orgId}/${orgId}`;
    expect(await get(`${two}/${orgId}`)).toBe(200);
    expect(await get(`${two}/1`)).toBe(404);
    expect(await get(`${two}/${orgId}`, '')).toBe(401);
  });

  it('waits for a login that is looked up, and passes its failures on', async () => {
    await using app = await startTestApp();
    const guarded = express();
    const { forUsers, forMembers } = createGuardedRoutes(guarded, {
      db: app.pool,
      findUser: async (request) => {
        const { headers } = request;
        if (headers['x-down']) throw new Error('sessions are down');
        return headers['x-user']?.toString();
      },
    });
    const seen: unknown[] = [];
    forUsers('GET /me', async (request, response, userId) => {
      seen.push(userId);
      await null;
      if (request.headers['x-bad']) throw new Error('of the handler');
      response.end();
    });
    forMembers(
      'GET /orgs/:orgId',
      'member:read',
      async (_request, _response, caller) => {
        seen.push(caller);
        throw new Error('of the handler');
      },
    );
    await using server = await listenWithErrors(guarded);
    const { owner } = app.acme.users;
    const headers = { 'x-user': owner };
    const get = async (
      path: string,
      extra: Record<string, string> = {},
    ) =>
      (
        await fetch(server.url + path, {
          headers: { ...headers, ...extra },
        })
      ).status;
    expect(await get('/me')).toBe(200);
    expect(await get('/me', { 'x-bad': '1' })).toBe(500);
    expect(await get('/me', { 'x-down': '1' })).toBe(500);
    expect(await get(`/orgs/${app.acme.orgId}`)).toBe(500);
    expect(
      await get(`/orgs/${app.acme.orgId}`, { 'x-down': '1' }),
    ).toBe(500);
    expect(seen).toEqual([
      owner,
      owner,
      { userId: owner, orgId: app.acme.orgId },
    ]);
  });
});

function listenWithErrors(app: express.Express) {
  return listen(app.use(answerErrors(createTestLog())));
}

async function setRole(
  { pool }: TestApp,
  userId: string,
  role: string,
) {
  await pool.query(
    'update memberships set role = $2 where user_id = $1',
    [userId, role],
  );
}

/** Another transaction that holds the row of this member. */
async function lockMember(
  { pool }: TestApp,
  userId: string,
  mode: 'update' | 'key share',
) {
  const client = await pool.connect();
  await client.query('begin');
  await client.query(
    `select from memberships where user_id = $1 for ${mode}`,
    [userId],
  );
  let isHeld = true;
  async function unlock() {
    if (!isHeld) return;
    isHeld = false;
    await client.query('commit');
    client.release();
  }
  return { unlock, [Symbol.asyncDispose]: unlock };
}

/** The roles in Acme, in the order in which its members were created. */
async function rolesOf({ acme, pool }: TestApp) {
  const { rows } = await pool.query<{ userId: string; role: Role }>(
    `select user_id as "userId", role
     from memberships
     where org_id = $1`,
    [acme.orgId],
  );
  const roles = new Map(rows.map(({ userId, role }) => [userId, role]));
  return ROLES.map((role) => roles.get(acme.users[role])).filter(
    Boolean,
  );
}
