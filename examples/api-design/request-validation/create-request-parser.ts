import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { HttpProblem } from '../error-handling/http-problem.ts';
import { listViolations } from './list-violations.ts';
import { type BodyLimits, createJsonReader } from './read-json.ts';

/** A schema for each part that the handler reads. */
type Schemas = {
  params?: z.ZodType;
  query?: z.ZodType;
  headers?: z.ZodObject;
  body?: z.ZodType;
};

type Request = IncomingMessage & { params?: object };

// #region create-request-parser
/** Parses the parts that have a schema, and returns nothing else. */
export function createRequestParser<Parts extends Schemas>(
  parts: Parts,
  limits: BodyLimits = {},
) {
  const schema = z.strictObject(parts);
  requireStrict(schema);
  const headerNames = Object.keys(parts.headers?.shape ?? {});
  const readJson = createJsonReader(limits);

  return async function parseRequest(request: Request) {
    const input = {
      ...(parts.params && { params: { ...request.params } }),
      ...(parts.query && { query: readQuery(request) }),
      ...(parts.headers && {
        headers: readHeaders(request, headerNames),
      }),
      ...(parts.body && { body: await readJson(request) }),
    };
    const result = await schema.safeParseAsync(input);
    if (result.success) return result.data;
    const advice = 'Correct what is listed';
    throw new HttpProblem(400, 'invalid_request', advice, {
      errors: listViolations(result.error.issues, input),
    });
  };
}
// #endregion create-request-parser

// #region require-strict
/** `z.object` drops unknown keys without a word, a loose one keeps them. */
function requireStrict(schema: z.ZodType): void {
  const options = { io: 'input', unrepresentable: 'any' } as const;
  JSON.stringify(z.toJSONSchema(schema, options), (_key, node) => {
    const { type, properties, additionalProperties } = node ?? {};
    if (
      type === 'object' &&
      properties &&
      additionalProperties !== false
    )
      throw new TypeError(
        `Use z.strictObject for { ${Object.keys(properties)} }`,
      );
    return node;
  });
}
// #endregion require-strict

// #region read-query
/** Express's parser depends on a setting; this is always flat. */
function readQuery({ url }: Request): object {
  const [, ...search] = `${url}`.split('?');
  const given = Map.groupBy(
    new URLSearchParams(search.join('?')),
    ([name]) => name,
  );
  // Twice is an array, which no schema of one value accepts.
  return Object.fromEntries(
    [...given].map(([name, entries]) => {
      const values = entries.map(([, value]) => value);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

/** Of a header that is there twice, Node would drop one or join both. */
function readHeaders(request: Request, names: string[]): object {
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = request.headersDistinct[name];
      if (!values) return [];
      return [[name, values.length === 1 ? values[0] : values]];
    }),
  );
}
// #endregion read-query
