import type { Answer } from '@touchstone/kit/testing/client';
import { ROLES } from './policies.ts';
import { startTestApp } from './test-app.ts';

await using app = await startTestApp();
const { acme, globex } = app;
const contract = `/orgs/${acme.orgId}/contracts/${acme.contractId}`;
const members = `/orgs/${acme.orgId}/members`;

console.log('each role reads and renames a contract of Acme');
for (const role of ROLES) {
  const send = app.as(acme.users[role]);
  const read = await send('GET', contract);
  const renamed = await send('PATCH', contract, {
    body: { title: 'Lease of 2027' },
  });
  const price = `price ${read.body.priceCents}`;
  console.log(
    `  ${role}: ${read.status} (${price}), ${renamed.status}`,
  );
}
const stranger = app.as(globex.users.owner);
tell('an owner of Globex reads it', await stranger('GET', contract));
tell(
  'a caller without a login reads it',
  await app.as()('GET', contract),
);

const admin = app.as(acme.users.admin);
const owner = app.as(acme.users.owner);
tell(
  'an admin makes themselves an owner',
  await admin('PUT', `${members}/${acme.users.admin}`, {
    body: { role: 'owner' },
  }),
);
tell(
  'the only owner leaves',
  await owner('DELETE', `/orgs/${acme.orgId}/membership`),
);
tell(
  'a member sends a price with the title',
  await app.as(acme.users.member)('PATCH', contract, {
    body: { title: 'Lease', priceCents: 1 },
  }),
);
tell(
  'the owner removes the admin',
  await owner('DELETE', `${members}/${acme.users.admin}`),
);
tell('the admin reads the contract', await admin('GET', contract));

function tell(what: string, { status, body }: Answer) {
  console.log(`${what}: ${status} ${body.code ?? ''}`.trim());
}
