import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import { z } from 'zod';
import { HttpProblem } from '../error-handling/http-problem.ts';
import { listViolations } from './list-violations.ts';
import { readJson } from './read-json.ts';

/** A schema for each part that the handler reads. */
type Schemas = {
  params?: z.ZodType;
  query?: z.ZodType;
  headers?: z.ZodObject;
  body?: z.ZodType;
};

type Request = IncomingMessage & {
  originalUrl?: string;
  params?: object;
};

const MOST_BYTES = 2 ** 24;

// #region create-request-parser
/** Parses the parts that have a schema, and returns nothing else. */
export function createRequestParser<Parts extends Schemas>(
  parts: Parts,
  { maxBytes = 100_000 } = {},
) {
  // A larger body would stop all other requests while it is parsed.
  if (!(maxBytes > 0 && maxBytes <= MOST_BYTES))
    throw new RangeError(`maxBytes is not between 0 and ${MOST_BYTES}`);
  const schema = z.strictObject(parts);
  requireStrict(schema);
  const names = Object.keys(parts.headers?.shape ?? {});

  return async function parseRequest(request: Request) {
    requireText(request.originalUrl ?? request.url);
    const input = {
      ...(parts.params && { params: request.params }),
      ...(parts.query && { query: readQuery(request) }),
      ...(parts.headers && { headers: readHeaders(request, names) }),
      ...(parts.body && { body: await readJson(request, maxBytes) }),
    };
    const options = { reportInput: true };
    const result = await schema.safeParseAsync(input, options);
    if (result.success) return result.data;
    const advice = 'Correct what is listed';
    throw new HttpProblem(400, 'invalid_request', advice, {
      errors: listViolations(result.error.issues),
    });
  };
}
// #endregion create-request-parser

// #region require-strict
/** `z.object` drops unknown keys without a word, a loose one keeps them. */
function requireStrict(schema: z.ZodType): void {
  z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ jsonSchema: { properties, additionalProperties } }) {
      if (!properties || additionalProperties === false) return;
      const keys = Object.keys(properties);
      throw new TypeError(`Use z.strictObject for { ${keys} }`);
    },
  });
}
// #endregion require-strict

// #region read-query
/** A lenient decoder makes "�" of bad bytes: two URLs become one. */
function requireText(url: string | undefined): void {
  try {
    if (!decodeURIComponent(`${url}`).includes('\0')) return;
  } catch {}
  const advice = 'Percent-encode the URL as UTF-8, without NUL';
  throw new HttpProblem(400, 'invalid_url', advice);
}

/** Express's parser depends on a setting; this is always flat. */
function readQuery({ url }: Request): object {
  const [, ...rest] = `${url}`.split('?');
  // Twice is an array, which no schema of one value accepts.
  return { ...parse(rest.join('?'), '&', '=', { maxKeys: 0 }) };
}

/** Of a header that is there twice, Node would drop one or join both. */
function readHeaders(request: Request, names: string[]): object {
  const entries = names.map((name) => {
    const values = request.headersDistinct[name.toLowerCase()];
    return [name, values?.length === 1 ? values[0] : values];
  });
  return Object.fromEntries(entries);
}
// #endregion read-query
