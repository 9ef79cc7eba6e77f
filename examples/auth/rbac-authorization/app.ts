import express, { type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { NotFoundProblem } from './access.ts';
import { createContracts } from './contracts.ts';
import {
  createGuardedRoutes,
  type GuardOptions,
  requirePolicies,
} from './guarded-routes.ts';
import {
  type Change,
  createMemberships,
  type Outcome,
} from './memberships.ts';
import { ROLES } from './policies.ts';

export type AppOptions = {
  pool: Pool;
  findUser: GuardOptions['findUser'];
  log: Parameters<typeof answerErrors>[0];
};

type Services = {
  memberships: ReturnType<typeof createMemberships>;
  contracts: ReturnType<typeof createContracts>;
};

type Routes = ReturnType<typeof createGuardedRoutes>;

// #region bodies
const title = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => text.isWellFormed() && !text.includes('\0'));
// Each route takes the fields of its permission, and refuses others.
const parseTitle = createRequestParser({
  body: z.strictObject({ title }),
});
const parsePrice = createRequestParser({
  body: z.strictObject({ priceCents: z.int().min(0) }),
});
const parseRole = createRequestParser({
  body: z.strictObject({ role: z.enum(ROLES) }),
});
// #endregion bodies

// #region wire
/** Contracts of organisations, for their members. */
export function createApp({ pool, findUser, log }: AppOptions) {
  const app = express().disable('x-powered-by');
  const routes = createGuardedRoutes(app, { db: pool, findUser });
  const contracts = createContracts(pool);
  const memberships = createMemberships(pool);

  routes.forAll('GET /health', (_request, response) => {
    response.status(204).end();
  });
  addOrganisations(routes, memberships);
  addMembers(routes, memberships);
  addContracts(routes, contracts);

  const last = [answerNotFound, answerErrors(log)];
  app.use(last);
  requirePolicies(app, last);
  return app;
}
// #endregion wire

function addOrganisations(
  { forUsers }: Routes,
  memberships: Services['memberships'],
) {
  forUsers('GET /orgs', async (_request, response, userId) => {
    response.json(await memberships.listOrganisations(userId));
  });

  forUsers('POST /orgs', async (_request, response, userId) => {
    const orgId = await memberships.found(userId);
    response.status(201).json({ orgId });
  });
}

function addMembers(
  { forMembers }: Routes,
  memberships: Services['memberships'],
) {
  forMembers(
    'GET /orgs/:orgId/members',
    'member:read',
    async (_request, response, caller) => {
      response.json(await memberships.listMembers(caller));
    },
  );

  forMembers(
    'PUT /orgs/:orgId/members/:memberId',
    'member:change',
    async (request, response, caller) => {
      const { role } = (await parseRole(request)).body;
      const memberId = `${request.params.memberId}`;
      await change({ ...caller, memberId, role });
      response.status(204).end();
    },
  );

  forMembers(
    'DELETE /orgs/:orgId/members/:memberId',
    'member:change',
    async (request, response, caller) => {
      const memberId = `${request.params.memberId}`;
      await change({ ...caller, memberId });
      response.status(204).end();
    },
  );

  forMembers(
    'DELETE /orgs/:orgId/membership',
    'member:leave',
    async (_request, response, caller) => {
      await change({ ...caller, memberId: caller.userId });
      response.status(204).end();
    },
  );

  async function change(wanted: Change): Promise<void> {
    const outcome = await memberships.change(wanted);
    if (outcome !== 'changed') throw refuse(outcome);
  }
}

function refuse(outcome: Exclude<Outcome, 'changed'>): HttpProblem {
  switch (outcome) {
    case 'not_a_member':
      return new NotFoundProblem();
    case 'last_owner':
      return new HttpProblem(409, outcome, 'Make another owner first');
    case 'not_allowed':
      return new HttpProblem(403, 'permission_missing', 'Ask an owner');
  }
}

function addContracts(
  { forMembers }: Routes,
  contracts: Services['contracts'],
) {
  forMembers(
    'GET /orgs/:orgId/contracts',
    'contract:read',
    async (_request, response, caller) => {
      response.json(await contracts.list(caller));
    },
  );

  forMembers(
    'POST /orgs/:orgId/contracts',
    'contract:write',
    async (request, response, caller) => {
      const { body } = await parseTitle(request);
      const id = await contracts.create(caller, body.title);
      requireFound(id);
      response.status(201).json({ id });
    },
  );

  forMembers(
    'GET /orgs/:orgId/contracts/:contractId',
    'contract:read',
    async (request, response, caller) => {
      const contract = await contracts.find(caller, idOf(request));
      requireFound(contract);
      response.json(contract);
    },
  );

  forMembers(
    'PATCH /orgs/:orgId/contracts/:contractId',
    'contract:write',
    async (request, response, caller) => {
      const { body } = await parseTitle(request);
      const id = idOf(request);
      requireFound(await contracts.rename(caller, id, body.title));
      response.status(204).end();
    },
  );

  forMembers(
    'PUT /orgs/:orgId/contracts/:contractId/price',
    'contract:price',
    async (request, response, caller) => {
      const { priceCents } = (await parsePrice(request)).body;
      const id = idOf(request);
      requireFound(await contracts.setPrice(caller, id, priceCents));
      response.status(204).end();
    },
  );

  forMembers(
    'DELETE /orgs/:orgId/contracts/:contractId',
    'contract:delete',
    async (request, response, caller) => {
      requireFound(await contracts.remove(caller, idOf(request)));
      response.status(204).end();
    },
  );
}

function idOf(request: Request<Record<string, string>>): string {
  return `${request.params.contractId}`;
}

function requireFound(found: unknown): void {
  if (!found) throw new NotFoundProblem();
}
