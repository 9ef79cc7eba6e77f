import { setTimeout as pause } from 'node:timers/promises';
import { fetchWithRetry } from './naive.ts';
import { startUpstream } from './test-upstream.ts';

/** How many requests an overloaded upstream sees of a hundred calls. */
export async function countRequests(): Promise<number> {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(503).end();
  });
  const calls = Array.from({ length: 100 }, () =>
    fetchWithRetry(upstream.url).then((answer) => answer.text()),
  );
  await Promise.all(calls);
  return upstream.seen.length;
}

/** How often a card is charged when the answer to one POST is lost. */
export async function countCharges(): Promise<number> {
  await using upstream = await startUpstream((request, response) => {
    if (upstream.seen.length === 1) request.socket.destroy();
    else response.end();
  });
  const answer = await fetchWithRetry(upstream.url, {
    method: 'POST',
    body: '{"cents":4200}',
  });
  await answer.text();
  return upstream.seen.length;
}

/** Whether a call whose body stalls has ended after two seconds. */
export async function waitForStalledBody(): Promise<string> {
  await using upstream = await startUpstream((_, response) => {
    response.writeHead(200).write('{"cents":');
  });
  const answer = await fetchWithRetry(upstream.url);
  const body = answer.text().then(
    () => 'ended',
    () => 'failed',
  );
  return await Promise.race([body, pause(2000, 'still waiting')]);
}

/** What an internal server, to which a user's URL redirects, gives away. */
export async function readInternal(): Promise<string> {
  await using internal = await startUpstream((request, response) => {
    response.end(`internal data, for ${request.headers['x-api-key']}`);
  });
  await using open = await startUpstream((_, response) => {
    response.writeHead(302, { location: internal.url }).end();
  });
  const answer = await fetchWithRetry(open.url, {
    headers: { 'x-api-key': 'our-key' },
  });
  return await answer.text();
}
