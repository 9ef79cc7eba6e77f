import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { createGuest, putPart } from './test-client.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0' },
);
const ada = await createGuest(program.url, 'ada');
const eve = await createGuest(program.url, 'eve');

const film = new Blob([Buffer.alloc(20_000_000, 'film')]);
const id = await ada.begin(film.size, 'film.mp4');
console.log(`Ada begins film.mp4, ${film.size} bytes`);
const begun = await ada.describe(id);
const numbers = begun.missing.map(({ number }) => number).join(', ');
console.log(`the server signs parts ${numbers}`);

const [part] = begun.missing;
await putPart(`${part?.url}`, film.slice(0, part?.size));
console.log(`part 1 goes to the store, and her laptop falls asleep`);
const early = await ada.confirm(id);
console.log(`confirm: ${early.status} ${early.body.code}`);

const left = await ada.describe(id);
console.log(`an hour later ${left.missing.length} parts are missing`);
await ada.goOn(id, film);
console.log(`she goes on where she was, and confirms`);
const { received } = await ada.describe(id);
console.log(
  `received: ${received}; confirm again:`,
  (await ada.confirm(id)).status,
);

const theft = await eve.send('GET', `/uploads/${id}/file`);
console.log(`Eve asks for it: ${theft.status} ${theft.body.code}`);
const file = await ada.download(id);
const bytes = (await file.arrayBuffer()).byteLength;
console.log(
  `Ada downloads it from the store: ${file.status}, ${bytes} bytes`,
);
