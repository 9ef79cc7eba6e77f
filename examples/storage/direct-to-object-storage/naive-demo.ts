import { startNaive } from './test-naive.ts';

await using naive = await startNaive();

await naive.upload('cv.pdf', 'the CV of Ada');
await naive.confirm('ada', 'cv.pdf', 13);
console.log(
  `Ada uploads cv.pdf; it holds: ${await naive.read('cv.pdf')}`,
);

await naive.upload('cv.pdf', 'the CV of Eve');
console.log(`Eve uploads cv.pdf too`);
const owner = (await naive.find('cv.pdf'))?.owner;
console.log(`${owner}'s cv.pdf holds: ${await naive.read('cv.pdf')}`);

await naive.upload('notes.txt', 'x'.repeat(9_000_000));
await naive.confirm('eve', 'notes.txt', 1000);
const size = (await naive.find('notes.txt'))?.size;
const real = (await naive.read('notes.txt'))?.length;
console.log(
  `her notes.txt: ${size} bytes in the table, ${real} stored`,
);

await naive.confirm('bob', 'film.mp4', 700_000_000);
const film = (await naive.isStored('film.mp4')) ? 'there' : 'not there';
console.log(
  `Bob's tab died at 90 %; film.mp4 is confirmed and ${film}`,
);
