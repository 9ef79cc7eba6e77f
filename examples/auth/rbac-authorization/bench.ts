import {
  AbilityBuilder,
  createMongoAbility,
  subject,
} from '@casl/ability';
import { permittedFieldsOf } from '@casl/ability/extra';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { requirePermission } from './access.ts';
import { createContracts } from './contracts.ts';
import { createOrganisation } from './create-organisation.ts';
import { POLICIES, type Role } from './policies.ts';

const LOAD = { clients: 8, seconds: 2 };
const ORGANISATIONS = 200;
const FIELDS = ['id', 'orgId', 'title', 'priceCents'];

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
const { rows: version } = await pool.query<{ server_version: string }>(
  'show server_version',
);
for (let count = 1; count < ORGANISATIONS; count++)
  await createOrganisation(pool);
const { orgId, contractId, users } = await createOrganisation(pool);
await pool.query('analyze');
const caller = { orgId, userId: users.member };
const contracts = createContracts(pool);

async function readGuarded() {
  await requirePermission(pool, caller, 'contract:read');
  return contracts.find(caller, contractId);
}

/** The role is in the token: what it may do is not asked again. */
async function readNaively() {
  const { rows } = await pool.query(
    'select id, title, price_cents from contracts where id = $1',
    [contractId],
  );
  return rows[0];
}

/** As its guide shows: an ability for each request, from the membership. */
async function readWithCasl() {
  const { rows: mine } = await pool.query<{ role: Role }>(
    'select role from memberships where org_id = $1 and user_id = $2',
    [orgId, caller.userId],
  );
  const role = mine[0]?.role;
  const { can, build } = new AbilityBuilder(createMongoAbility);
  const own = { orgId };
  const has = (roles: readonly (Role | undefined)[]) =>
    roles.includes(role);
  if (has(POLICIES['contract:read']))
    can('read', 'Contract', ['id', 'orgId', 'title'], own);
  if (has(POLICIES['contract:price']))
    can('read', 'Contract', ['priceCents'], own);
  if (has(POLICIES['contract:write'])) can('write', 'Contract', own);
  if (has(POLICIES['contract:delete'])) can('delete', 'Contract', own);
  const ability = build();
  const { rows } = await pool.query<Record<string, unknown>>(
    `select id, org_id as "orgId", title, price_cents as "priceCents"
     from contracts
     where id = $1`,
    [contractId],
  );
  const contract = subject('Contract', { ...rows[0] });
  if (!ability.can('read', contract)) return undefined;
  const fields = permittedFieldsOf(ability, 'read', contract, {
    fieldsFrom: (rule) => rule.fields ?? FIELDS,
  });
  return Object.fromEntries(
    fields.map((field) => [field, rows[0]?.[field]]),
  );
}

const read = await compare({
  title: `One contract read by a member, ${LOAD.clients} at once`,
  unit: 'reads/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: () => measure(readGuarded) },
    {
      name: 'role in the token (naive)',
      note: 'one query: no membership is read',
      measure: () => measure(readNaively),
    },
    {
      name: '@casl/ability',
      note: 'with the membership of each request',
      measure: () => measure(readWithCasl),
    },
  ],
});

function measure(operate: () => Promise<unknown>): Promise<number> {
  return operationsPerSecond(LOAD, async () => {
    if (!(await operate())) throw new Error('the contract is missing');
  });
}

writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/rbac-authorization',
  software: `PostgreSQL ${version[0]?.server_version.split(' ')[0]}`,
  tables: [read],
});
