import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';

/** Answers that it can give in a tenth of a second; it refuses the rest. */
const CAPACITY = 10;

await runMain(async (stopped) => {
  let seen = 0;
  let left = CAPACITY;
  const refill = setInterval(() => {
    left = CAPACITY;
  }, 100);
  await using server = await listen((request, response) => {
    if (request.url === '/seen') {
      response.end(`${seen}`);
      seen = 0;
      return;
    }
    seen += 1;
    const refused = request.url === '/limited' && --left < 0;
    const headers = { 'content-type': 'application/json' };
    response.writeHead(refused ? 503 : 200, headers);
    response.end('{"id":"ch_1","cents":4200}');
  });
  console.log(`listening on ${server.url}`);
  await stopped;
  clearInterval(refill);
});
