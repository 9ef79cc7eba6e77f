import { z } from 'zod';

type Json = { [key: string]: unknown };

/**
 * A schema as the SDK takes it, which describes itself in few tokens: the shape and what a caller
 * must know. All of it is checked, said or not.
 */
export function describeBriefly<T extends z.ZodType>(schema: T) {
  const input = slim(z.toJSONSchema(schema, { io: 'input' }), UNSAID);
  const output = slim(z.toJSONSchema(schema, { io: 'output' }), UNSAID_OF_ANSWERS);
  const jsonSchema = { input: () => input, output: () => output };
  return { '~standard': { ...schema['~standard'], jsonSchema } };
}

type Unsaid = (key: string, value: unknown) => boolean;

/** The dialect is the protocol's own; other bounds are told by an error, where they matter. */
const UNSAID: Unsaid = (key) =>
  ['$schema', 'minLength', 'maxLength', 'minItems', 'minimum', 'propertyNames'].includes(key);

/** In an answer, a list is one of texts unless it says otherwise. */
const UNSAID_OF_ANSWERS: Unsaid = (key, value) =>
  UNSAID(key, value) ||
  ['required', 'additionalProperties'].includes(key) ||
  (key === 'items' && isJson(value) && value.type === 'string');

function slim(schema: Json, isUnsaid: Unsaid): Json {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !isUnsaid(key, value))
      .map(([key, value]) => [key, isJson(value) ? slim(value, isUnsaid) : value]),
  );
}

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
