import { createNaiveProjects } from './naive.ts';
import { startTestDatabase } from './test-app.ts';

await using database = await startTestDatabase();
// Without policies, as in the application that needs none.
await database.asOwner(
  'alter table projects disable row level security',
);
const projects = createNaiveProjects(database);

const acme = await database.signUp('Acme');
const globex = await database.signUp('Globex');
await projects.create(acme.tenantId, 'launch', 'The launch');
await projects.create(globex.tenantId, 'acme-merger', 'Buy them cheap');

console.log('Acme searches for "acme" and finds:');
for (const { slug, name } of await projects.search(
  acme.tenantId,
  'acme',
))
  console.log(`  ${slug}: ${name}`);
