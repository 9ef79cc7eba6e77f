import express, { type Request, type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { NotFoundProblem } from './access.ts';
import { addContracts } from './contract-routes.ts';
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

/** A request whose parameters are text. */
export type OwnRequest = Request<Record<string, string>>;
/** What adds routes with a policy to this app. */
export type Routes = ReturnType<typeof createRoutes>;

/** What the app needs. */
export type AppOptions = {
  pool: Pool;
  findUser: GuardOptions<OwnRequest>['findUser'];
  log: Parameters<typeof answerErrors>[0];
};

type Memberships = ReturnType<typeof createMemberships>;

const parseRole = createRequestParser({
  body: z.strictObject({ role: z.enum(ROLES) }),
});

// #region wire
const createRoutes = createGuardedRoutes<OwnRequest, Response>;

/** Contracts of organisations, for their members. */
export function createApp({ pool, findUser, log }: AppOptions) {
  const app = express().disable('x-powered-by');
  const routes = createRoutes(app, { db: pool, findUser });
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
  memberships: Memberships,
) {
  forUsers('GET /orgs', async (_request, response, userId) => {
    response.json(await memberships.listOrganisations(userId));
  });

  forUsers('POST /orgs', async (_request, response, userId) => {
    const orgId = await memberships.found(userId);
    response.status(201).json({ orgId });
  });
}

function addMembers({ forMembers }: Routes, memberships: Memberships) {
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
      await change({ ...caller, memberId, role: null });
      response.status(204).end();
    },
  );

  forMembers(
    'DELETE /orgs/:orgId/membership',
    'member:read',
    async (_request, response, caller) => {
      const memberId = caller.userId;
      await change({ ...caller, memberId, role: null });
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
