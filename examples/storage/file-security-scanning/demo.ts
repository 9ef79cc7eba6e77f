import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { EICAR } from '@touchstone/kit/scanning/clamd';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createFileClient } from './test-client.ts';
import {
  makeBomb,
  makePhoto,
  makePicture,
  readColours,
  readLatitude,
} from './test-images.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0' },
);
const client = createFileClient(program.url);
const SCRIPT = '<script>alert(1)</script>';

const photo = await makePhoto();
console.log(`a photo, taken at ${readLatitude(photo)} north`);
const { id, state } = await send('photo.jpg', photo, 'image/jpeg');
const { status, headers, bytes } = await client.download(id);
console.log(`${state}; its content: ${status}`);
console.log(`it says where: ${readLatitude(bytes) ?? 'no'}`);
console.log(`it is upright: ${await readColours(bytes)}`);
console.log(headers.get('content-disposition'));

const png = await makePicture('png');
const polyglot = Buffer.concat([png, Buffer.from(SCRIPT)]);
const cleaned = await send('both.png', polyglot, 'image/png');
const published = await client.download(cleaned.id);
const isLeft = published.bytes.includes(SCRIPT);
console.log(`a PNG with HTML after its end: ${cleaned.state}`);
console.log(`what is published has the HTML: ${isLeft ? 'yes' : 'no'}`);

const page = await send('a.png', Buffer.from(SCRIPT), 'image/png');
console.log(
  `HTML that says it is a PNG: ${page.state}, ${page.reason}`,
);
const content = await client.send('GET', `/files/${page.id}/content`);
console.log(`its content: ${content.status} ${content.body.code}`);
const bomb = await send('b.png', makeBomb(10_000, 10_000), 'image/png');
console.log(
  `100 million pixels in 13 kB: ${bomb.state}, ${bomb.reason}`,
);
const virus = Buffer.from(`%PDF-1.4\n${EICAR}`);
const pdf = await send('c.pdf', virus, 'application/pdf');
console.log(`a PDF with a virus: ${pdf.state}, ${pdf.reason}`);
await client.send('DELETE', `/files/${id}`);
const { status: gone } = await client.download(id);
console.log(`the photo is removed; its content: ${gone}`);
console.log(`SIGTERM: exit code ${await program.kill('SIGTERM')}`);

async function send(name: string, body: Buffer, type: string) {
  const id = await client.upload(body, type, name);
  await waitUntil('it is decided', async () => {
    return (await client.look(id)).state !== 'quarantined';
  });
  const { state, reason } = await client.look(id);
  return { id, state, reason };
}
