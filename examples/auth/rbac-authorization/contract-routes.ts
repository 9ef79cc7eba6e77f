import { z } from 'zod';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { NotFoundProblem } from './access.ts';
import type { OwnRequest, Routes } from './app.ts';
import type { createContracts } from './contracts.ts';

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
// #endregion bodies

/** What members may do with the contracts of their organisation. */
export function addContracts(
  { forMembers }: Routes,
  contracts: ReturnType<typeof createContracts>,
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

function idOf(request: OwnRequest): string {
  return `${request.params.contractId}`;
}

function requireFound(found: unknown): void {
  if (!found) throw new NotFoundProblem();
}
