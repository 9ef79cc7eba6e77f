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
import { allow, requirePermission } from './access.ts';
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
    const routes = [...listRoutes(app.app).keys()];
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
      'There is no policy for middleware /',
    );

    bare.get('/bare', middleware).all('/every', middleware);
    function handler() {}
    bare.use('/files', handler);
    const deep = express.Router();
    deep.route('/inner').put(handler).delete(handler);
    const guardedInside = createGuardedRoutes(deep, {
      db: app.pool,
      findUser: () => undefined,
    });
    guardedInside.forAll('GET /fine', (_, response) => response.end());
    bare.use('/deep', deep);
    bare.use('/other', express());

    const found = [...listRoutes(bare, [middleware])];
    expect(found.slice(0, 3)).toEqual([
      ['GET /free', 'public'],
      ['GET /mine', 'user'],
      ['GET /orgs/:orgId', 'member:read'],
    ]);
    expect(found).toContainEqual(['GET /deep/fine', 'public']);
    expect(() => requirePolicies(bare, [middleware])).toThrow(
      /^There is no policy for GET \/bare, .*\/every, handler \/files, PUT \/deep\/inner, DELETE \/deep\/inner, mounted_app \/other$/,
    );
  },
);

failure(
  'A user guesses the id of a contract of another organisation',
  {
    symptom: '404, as for an id that nobody has; nothing is changed',
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
    symptom: '403: nobody gives a role above theirs, or touches one',
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
              { orgId, userId: a, memberId: a },
              { orgId, userId: b, memberId: b },
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
      memberships.change({ orgId, userId: owner, memberId: owner });
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
    await memberships.change(here);
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
});

describe('the roles', () => {
  it('are the same in the code and in the database', async () => {
    await using app = await startTestApp();
    const { acme, pool } = app;
    for (const role of ROLES)
      await setRole(app, acme.users.viewer, role);
    for (const role of ['Owner', 'root', '', '*'])
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
      'member:leave': 'viewer member admin owner',
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
    // A name that is not in the table is a permission that nobody has.
    await expect(
      requirePermission(pool, caller, 'nothing' as 'member:read'),
    ).rejects.toMatchObject({ status: 403 });
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

  it('needs an organisation in its path', async () => {
    await using app = await startTestApp();
    const { forMembers } = createGuardedRoutes(express(), {
      db: app.pool,
      findUser: () => undefined,
    });
    for (const path of ['/members', '/orgs/:orgIds', '/orgs{/:orgId}'])
      expect(() =>
        forMembers(`GET ${path}` as 'GET /', 'member:read', () => {}),
      ).toThrow(`GET ${path} has no :orgId`);
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
    forUsers('GET /me', async (_request, response, userId) => {
      seen.push(userId);
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
    expect(await get('/me', { 'x-down': '1' })).toBe(500);
    expect(await get(`/orgs/${app.acme.orgId}`)).toBe(500);
    expect(
      await get(`/orgs/${app.acme.orgId}`, { 'x-down': '1' }),
    ).toBe(500);
    expect(seen).toEqual([
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
