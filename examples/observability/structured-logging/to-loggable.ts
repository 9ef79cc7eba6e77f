import { isSecretKey, scrubText } from './secrets.ts';

/** The bytes that are left, those of one text, and the objects around the current one. */
type Visit = { left: number; maxTextBytes: number; above: object[] };

const MAX_DEPTH = 6;
const MAX_WIDTH = 50;
/** What a value costs besides its text: a list of empty lists is long too. */
const VALUE_BYTES = 8;
/** No secret is longer, so that none is cut in two. */
const LOOK_AHEAD = 1024;

/** Makes plain data of any value, small and free of secrets, for JSON.stringify; never throws. */
export function toLoggable(
  value: unknown,
  { maxBytes = 8192, maxTextBytes = 4096 } = {},
): unknown {
  return convert(value, { left: maxBytes, maxTextBytes, above: [] });
}

// #region convert
function convert(value: unknown, visit: Visit): unknown {
  if (visit.left < VALUE_BYTES) return '[cut]';
  visit.left -= VALUE_BYTES;
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null)
    return convertScalar(value, visit);
  if (visit.above.includes(value)) return '[cyclic]';
  if (visit.above.length >= MAX_DEPTH) return '[too deep]';
  visit.above.push(value);
  try {
    return convertObject(value, visit);
  } catch {
    return '[unreadable]';
  } finally {
    visit.above.pop();
  }
}

function convertObject(value: object, visit: Visit): unknown {
  if (isError(value))
    return convertFields(listErrorFields(value), visit);
  if (Array.isArray(value) || value instanceof Set)
    return convertList(value, visit);
  if (value instanceof Map || value instanceof Headers)
    return convertFields(value, visit);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return convert(value.toJSON(), visit);
  return convertFields(listFields(value, Object.keys(value)), visit);
}
// #endregion convert

// #region convert-fields
function convertFields(
  entries: Iterable<[unknown, unknown]>,
  visit: Visit,
): unknown {
  // Without a prototype, `__proto__` is a key like any other.
  const fields: Record<string, unknown> = Object.create(null);
  let count = 0;
  for (const [name, value] of entries) {
    if (count++ >= MAX_WIDTH || visit.left < VALUE_BYTES) {
      fields['[more]'] = true;
      break;
    }
    if (value === undefined) continue;
    const key = convertText(String(name), visit);
    const secret = isSecretKey(String(name));
    fields[key] = secret ? '[redacted]' : convert(value, visit);
  }
  return fields;
}
// #endregion convert-fields

function convertList(items: Iterable<unknown>, visit: Visit) {
  const list: unknown[] = [];
  let before: unknown;
  for (const item of items) {
    if (list.length >= MAX_WIDTH || visit.left < VALUE_BYTES) {
      list.push('[more]');
      break;
    }
    // Pairs, and Node's rawHeaders: ['Cookie', 'sid=4f', …].
    const secret = typeof before === 'string' && isSecretKey(before);
    list.push(secret ? '[redacted]' : convert(item, visit));
    before = item;
  }
  return list;
}

function convertScalar(value: unknown, visit: Visit): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (Number.isFinite(value)) return value;
  return convertText(String(value), visit);
}

function convertText(text: string, visit: Visit): string {
  const most = Math.min(visit.maxTextBytes, visit.left);
  // Scrubbed before it is cut, and then without the end of what was
  // scrubbed: half a secret is a secret.
  const head = text.slice(0, most + LOOK_AHEAD);
  const whole = head.length === text.length;
  const scrubbed = scrubText(head);
  const safe = whole ? scrubbed : scrubbed.slice(0, -LOOK_AHEAD);
  const kept = cutToBytes(safe, most);
  const cut = !whole || kept.length < safe.length;
  const result = cut ? `${kept}[cut from ${text.length}]` : kept;
  visit.left -= Buffer.byteLength(result);
  return result;
}

/** Whole characters; half a surrogate pair, which JSON parsers refuse, becomes U+FFFD. */
function cutToBytes(text: string, most: number): string {
  const fits = Buffer.byteLength(text) <= most;
  if (fits && !/[\ud800-\udfff]/.test(text)) return text;
  const cut = Buffer.from(text).toString('utf8', 0, most);
  return fits ? cut : cut.replace(/\ufffd$/, '');
}

/** Errors of another realm too, such as those of a test runner. */
function isError(value: object): value is Error {
  const tag = Object.prototype.toString.call(value);
  return value instanceof Error || tag === '[object Error]';
}

// Only these: libraries hang requests, rows and headers on errors.
const ERROR_FIELDS = ['name', 'message', 'code', 'cause', 'errors'];

function* listErrorFields(error: Error): Iterable<[string, unknown]> {
  yield* listFields(error, ERROR_FIELDS);
  // The stack begins with the message, which may fill the line.
  const stack = String(error.stack);
  const start = stack.indexOf(
    '\n    at ',
    String(error.message).length,
  );
  if (error.stack) yield ['stack', stack.slice(start + 1)];
}

function* listFields(
  object: object,
  names: string[],
): Iterable<[string, unknown]> {
  for (const name of names) yield [name, readField(object, name)];
}

function readField(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name);
  } catch {
    return '[unreadable]';
  }
}
