import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import type { ObjectStore } from '@touchstone/kit/object-storage/object-store';
import { noteEvidence } from '@touchstone/kit/testing/evidence';

type Rule = {
  AllowedOrigins: string[];
  AllowedMethods: string[];
  AllowedHeaders?: string[];
  MaxAgeSeconds: number;
};

/**
 * The store behind the rules of cors.json, as Amazon applies them (API reference, PutBucketCors);
 * the origin of the document stands for that of `allow`.
 */
export async function startCorsStore(store: ObjectStore) {
  const file = new URL('cors.json', import.meta.url);
  noteEvidence('loaded', file);
  const [rule]: Rule[] = JSON.parse(
    readFileSync(file, 'utf8'),
  ).CORSRules;
  if (rule?.AllowedOrigins.join() !== 'https://app.example.com')
    throw new Error('cors.json allows another origin');
  const origins = new Set<string>();

  const server = await listen((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const wanted = headers['access-control-request-method'] ?? method;
    const asked = `${headers['access-control-request-headers'] ?? ''}`;
    const isAllowed =
      origins.has(`${headers.origin}`) &&
      rule.AllowedMethods.includes(`${wanted}`) &&
      asked
        .split(',')
        .filter(Boolean)
        .every((name) => rule.AllowedHeaders?.includes(name));
    const cors = isAllowed && {
      'access-control-allow-origin': `${headers.origin}`,
      'access-control-allow-methods': rule.AllowedMethods.join(),
      'access-control-max-age': `${rule.MaxAgeSeconds}`,
    };
    if (method === 'OPTIONS')
      return void outgoing
        .writeHead(isAllowed ? 200 : 403, { ...cors })
        .end();
    // The host stays: it is signed.
    const { hostname, port } = new URL(store.endpoint);
    const passed = request({
      hostname,
      port,
      path: url,
      method,
      headers,
    });
    incoming.pipe(passed);
    passed.on('response', (answer) => {
      const rest = Object.entries(answer.headers).filter(
        ([name]) => !name.startsWith('access-control-'),
      );
      outgoing.writeHead(answer.statusCode ?? 500, {
        ...Object.fromEntries(rest),
        ...cors,
      });
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.on('error', () => passed.destroy());
  });
  return {
    ...store,
    endpoint: server.url,
    allow: (url: string) => void origins.add(url),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
