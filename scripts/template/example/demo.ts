import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using program = await startProgram(new URL('main.ts', import.meta.url), {
  DATABASE_URL: database.url,
  PORT: '0',
});

for (let visit = 1; visit <= 3; visit++) {
  const response = await fetch(`${program.url}/counters/visits`, {
    method: 'POST',
  });
  console.log(`POST /counters/visits: ${await response.text()}`);
}
