import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import express from 'express';
import { expect, it } from 'vitest';
import { answerErrors } from '../../api-design/error-handling/answer-errors.ts';
import { createAccess } from './access.ts';
import {
  createGuardedRoutes,
  findUnguarded,
} from './guarded-routes.ts';
import { type Permission, POLICIES, ROLES } from './policies.ts';

const MATRIX: Record<Permission, readonly number[]> = {
  // viewer, member, admin, owner, other organisation, anonymous
  'project:read': [204, 204, 204, 204, 404, 401],
  'project:write': [403, 204, 204, 204, 404, 401],
  'project:delete': [403, 403, 204, 204, 404, 401],
  'member:read': [204, 204, 204, 204, 404, 401],
  'member:change': [403, 403, 204, 204, 404, 401],
};

it('answers each permission to each role as the matrix says', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const insert = async (sql: string, values: unknown[] = []) =>
    `${(await pool.query<{ id: string }>(sql, values)).rows[0]?.id}`;
  const newOrg =
    'insert into organisations default values returning id';
  const orgId = await insert(newOrg);
  const otherId = await insert(newOrg);
  const users: (string | undefined)[] = [];
  for (const role of [...ROLES, 'owner']) {
    const id = await insert(
      'insert into users default values returning id',
    );
    const isStranger = users.length === ROLES.length;
    await pool.query('insert into memberships values ($1, $2, $3)', [
      isStranger ? otherId : orgId,
      id,
      role,
    ]);
    users.push(id);
  }
  users.push(undefined);

  const app = express();
  const access = createAccess(pool);
  const route = createGuardedRoutes(app, {
    access,
    findUser: (request) => request.get('x-user'),
  });
  const permissions = Object.keys(POLICIES) as Permission[];
  for (const one of permissions)
    route(
      'post',
      `/orgs/:orgId/${one.replace(':', '/')}`,
      one,
      (_, to) => to.status(204).end(),
    );
  app.use(answerErrors(createTestLog()));
  await using server = await listen(app);
  const statuses = (permission: Permission, org: string) =>
    Promise.all(
      users.map(async (user) => {
        const path = `/orgs/${org}/${permission.replace(':', '/')}`;
        const headers: Record<string, string> = user
          ? { 'x-user': user }
          : {};
        const { status } = await fetch(server.url + path, {
          method: 'POST',
          headers,
        });
        return status;
      }),
    );

  expect(findUnguarded(app)).toEqual([]);
  for (const one of permissions)
    expect(await statuses(one, orgId), one).toEqual(MATRIX[one]);
  expect(await statuses('project:read', 'a%00b')).toEqual([
    404, 404, 404, 404, 404, 401,
  ]);
});

it('finds a route without a policy, in a mounted router too', () => {
  const app = express();
  app.get('/bare', (_, response) => response.end());
  const inner = express.Router();
  inner.get('/inner', (_, response) => response.end());
  app.use('/deep', inner);
  expect(findUnguarded(app)).toEqual(['/bare', '/inner']);
});
