import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { readTopics } from '../generate/read-topics.ts';
import { createSearch, type Search } from '../library/search.ts';
import { makeDistractors } from './make-distractors.ts';
import { openBuilt } from './open-built.ts';
import { type ReportClass, readQueries } from './queries.ts';
import { type EvalReport, runEval } from './run-eval.ts';

const queries = readQueries();
const held = queries.filter(({ split }) => split === 'held');

describe('the search of the library', () => {
  let all: EvalReport;
  let untuned: EvalReport;
  let search: Search;
  beforeAll(() => {
    search = createSearch(openBuilt());
    all = runEval(search, queries);
    untuned = runEval(search, held);
  });

  it.each<[ReportClass, number]>([
    ['keywords', 0.97],
    ['error', 0.93],
    ['paraphrase', 0.86],
    ['planned', 0.87],
    ['far', 0.9],
  ])('answers of all %s a share of %d or more', (name, least) => {
    expect(all[name].firstThree).toBeGreaterThanOrEqual(least);
  });

  it.each<[ReportClass, number]>([
    ['keywords', 0.97],
    ['error', 0.92],
    ['paraphrase', 0.83],
    ['planned', 0.88],
    ['far', 0.84],
  ])('answers of the %s that it was not tuned on %d or more', (name, least) => {
    expect(untuned[name].firstThree).toBeGreaterThanOrEqual(least);
  });

  it('names the topic of three in four queries whose page is not there yet', () => {
    expect(untuned.planned.first).toBeGreaterThanOrEqual(0.75);
  });

  it.each([
    ['a customer was charged twice when the client retries POST', 'api-design/idempotency-keys'],
    ["search is slow with ILIKE '%term%' on a big table", 'postgres/full-text-search'],
    ['rate limiting 429', 'security/rate-limiting'],
    ['stripe payments', 'integrations/payment-gateway-integration'],
    ['passkey login webauthn', 'auth/passkeys-webauthn'],
  ])('names the planned topic of %j', (query, planned) => {
    expect(search(query).planned?.id).toBe(planned);
  });

  it.each([
    [
      'customer got the same webhook twice and in the wrong order',
      'integrations/webhook-receiving',
    ],
    ['webhook delivered out of order', 'integrations/webhook-receiving'],
    ['jobs', 'jobs/background-jobs'],
    ['queue', 'jobs/background-jobs'],
    ['webhook', 'integrations/webhook-receiving'],
    ['uploads', 'storage/direct-to-object-storage'],
    ['tenant', 'multi-tenancy/tenant-isolation-rls'],
    ['migrations', 'postgres/zero-downtime-migrations'],
    ['logging', 'observability/structured-logging'],
    ['sse', 'realtime/server-sent-events'],
    ['mqtt', 'iot/telemetry-ingestion'],
    ['canary', 'ml/ab-testing'],
  ])('answers %j first with %s', (query, id) => {
    expect(search(query).hits[0]?.pattern.id).toBe(id);
  });

  it('answers the name of an area with pages of it', () => {
    const ids = search('auth').hits.map(({ pattern }) => pattern.id);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id) => !id.startsWith('auth/'))).toEqual([]);
  });

  it('names as nearest no page that only has a common word of the query', () => {
    const { nearest } = search('passkey login webauthn');
    expect(nearest.every((id) => id.startsWith('auth/'))).toBe(true);
  });

  it('answers in 300 tokens on average', () => {
    for (const { tokens } of Object.values(all)) expect(tokens).toBeLessThanOrEqual(300);
  });
});

describe('the search of a library of 120 patterns or more', () => {
  it('finds the same, and its threshold holds', () => {
    const topics = readTopics(ROOT);
    const library = openBuilt((own) =>
      makeDistractors(own, { topics, count: Math.max(0, 120 - own.length) }),
    );
    const search = createSearch(library);
    const scores = runEval(search, queries);
    const small = runEval(createSearch(openBuilt()), queries);
    for (const name of ['keywords', 'error', 'paraphrase'] as const)
      expect(small[name].firstThree - scores[name].firstThree).toBeLessThanOrEqual(0.05);
  });
});
