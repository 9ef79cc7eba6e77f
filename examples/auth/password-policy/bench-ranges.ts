import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { dictionary } from '@zxcvbn-ts/language-common';
import { createRangeServer } from './stand-in-range-server.ts';

// A process of its own, as the service has: its work delays nobody.
await runMain(async (stopped) => {
  const { add, answer } = createRangeServer();
  for (const password of dictionary['passwords-common'] ?? [])
    add(`${password}`);
  await using server = await listen(answer, { graceSeconds: 0 });
  console.log(`listening on ${server.url}`);
  await stopped;
});
