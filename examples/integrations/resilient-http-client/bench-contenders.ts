import {
  ExponentialBackoff,
  handleWhenResult,
  type IPolicy,
  retry,
} from 'cockatiel';
import got from 'got';
import { Agent, RetryAgent, request } from 'undici';
import { fetchWithRetry } from './naive.ts';
import { createTestClient } from './test-upstream.ts';

type BenchClient = {
  name: string;
  note?: string;
  /** Calls until the answer is final, reads it, and tells its status. */
  call: (url: string) => Promise<number>;
  close: () => Promise<unknown>;
};

const none = async () => {};

/** All with three attempts and pauses that begin at 100 ms. */
export function openContenders(): [BenchClient, ...BenchClient[]] {
  return [
    openPattern(),
    openNaive(),
    openUndici(),
    openGot(),
    openCockatiel(),
    openPlain(),
  ];
}

function openPattern(): BenchClient {
  const client = createTestClient({ maxCalls: 5000 });
  return {
    name: 'this pattern',
    call: async (url) => (await client.request(url)).status,
    close: () => client.close(),
  };
}

function openNaive(): BenchClient {
  return {
    name: 'fetch in a loop (naive)',
    async call(url) {
      const answer = await fetchWithRetry(url);
      await answer.text();
      return answer.status;
    },
    close: none,
  };
}

function openUndici(): BenchClient {
  const agent = new Agent();
  const dispatcher = new RetryAgent(agent, {
    statusCodes: [429, 502, 503, 504],
    throwOnError: false,
    // Its own pauses have no jitter.
    retry(error, { state }, callback) {
      if (state.counter > 2) callback(error);
      else setTimeout(callback, chooseJitter(state.counter), null);
    },
  });
  return {
    name: 'undici 8.12 RetryAgent',
    note: 'full jitter by `retry`; no budget',
    call: (url) => read(request(url, { dispatcher })),
    close: () => agent.close(),
  };
}

function openPlain(): BenchClient {
  const agent = new Agent();
  return {
    name: 'undici.request, once',
    note: 'no retries',
    call: (url) => read(request(url, { dispatcher: agent })),
    close: () => agent.close(),
  };
}

function openGot(): BenchClient {
  const client = got.extend({
    retry: { limit: 2, calculateDelay: withJitter },
    timeout: { request: 10_000 },
    throwHttpErrors: false,
  });
  return {
    name: 'got 16.1',
    note: 'full jitter by `calculateDelay`; no budget',
    call: async (url) => (await client(url)).statusCode,
    close: none,
  };
}

/** Zero is got's word for no more attempts. */
function withJitter({
  computedValue,
  attemptCount,
}: {
  computedValue: number;
  attemptCount: number;
}): number {
  return computedValue === 0 ? 0 : chooseJitter(attemptCount);
}

function chooseJitter(attempt: number): number {
  return Math.random() * 100 * 2 ** (attempt - 1);
}

function openCockatiel(): BenchClient {
  const agent = new Agent();
  const policy: IPolicy = retry(
    handleWhenResult((status) => Number(status) >= 500),
    {
      maxAttempts: 2,
      backoff: new ExponentialBackoff({ initialDelay: 100 }),
    },
  );
  return {
    name: 'undici.request in cockatiel 4.0 retry',
    note: 'decorrelated jitter; no budget',
    call: (url) =>
      policy.execute(() => read(request(url, { dispatcher: agent }))),
    close: () => agent.close(),
  };
}

async function read(
  answer: ReturnType<typeof request>,
): Promise<number> {
  const { statusCode, body } = await answer;
  await body.text();
  return statusCode;
}
