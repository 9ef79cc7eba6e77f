import { isNativeError } from 'node:util/types';
import { isSecretKey, scrubText } from './secrets.ts';

/** Plain data that JSON.stringify writes without a surprise. */
export type Loggable =
  | null
  | boolean
  | number
  | string
  | Loggable[]
  | { [key: string]: Loggable };

/** How much of a value is kept, and what is a secret. */
export type LoggableOptions = {
  /** Objects within objects. */
  maxDepth?: number;
  /** Items of a list, keys of an object. */
  maxWidth?: number;
  /** Bytes of one text. */
  maxTextBytes?: number;
  /** Bytes of all texts and keys together. */
  maxBytes?: number;
  isSecret?: (key: string) => boolean;
};

/** The bytes that are left, and the objects around the current one. */
type Visit = { left: number; above: object[] };

/** Creates a function that makes any value plain, small and free of secrets; it never throws. */
export function createToLoggable(
  options: LoggableOptions = {},
): (value: unknown) => Loggable {
  const { maxDepth = 6, maxWidth = 50, maxTextBytes = 4096 } = options;
  const { maxBytes = 8192, isSecret = isSecretKey } = options;

  // #region convert
  function convert(value: unknown, visit: Visit): Loggable {
    if (visit.left <= 0) return '[cut]';
    if (typeof value === 'function') return '[function]';
    if (typeof value !== 'object' || value === null)
      return convertScalar(value, visit);
    if (visit.above.includes(value)) return '[cyclic]';
    if (visit.above.length >= maxDepth) return '[too deep]';
    visit.above.push(value);
    try {
      return convertObject(value, visit);
    } catch {
      return '[unreadable]';
    } finally {
      visit.above.pop();
    }
  }

  function convertObject(value: object, visit: Visit): Loggable {
    if (value instanceof Error || isNativeError(value))
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
  ): Loggable {
    // Without a prototype, `__proto__` is a key like any other.
    const fields: Record<string, Loggable> = Object.create(null);
    let count = 0;
    for (const [name, value] of entries) {
      if (count++ >= maxWidth || visit.left <= 0) {
        fields['[more]'] = true;
        break;
      }
      const key = convertText(String(name), visit);
      const secret = isSecret(String(name));
      fields[key] = secret ? '[redacted]' : convert(value, visit);
    }
    return fields;
  }
  // #endregion convert-fields

  function convertList(items: Iterable<unknown>, visit: Visit) {
    const list: Loggable[] = [];
    let before: unknown;
    for (const item of items) {
      if (list.length >= maxWidth || visit.left <= 0) {
        list.push('[more]');
        break;
      }
      // Pairs, and Node's rawHeaders: ['Cookie', 'sid=4f', …].
      const secret = typeof before === 'string' && isSecret(before);
      list.push(secret ? '[redacted]' : convert(item, visit));
      before = item;
    }
    return list;
  }

  function convertScalar(value: unknown, visit: Visit): Loggable {
    if (!isPlain(value)) return convertText(String(value), visit);
    visit.left -= 8;
    return value;
  }

  function convertText(text: string, visit: Visit): string {
    const most = Math.min(maxTextBytes, visit.left);
    // Scrubbed before it is cut: half a secret is a secret.
    const head = text.slice(0, most + 1024);
    const scrubbed = scrubText(head);
    const kept = cutToBytes(scrubbed, most);
    const whole = kept === scrubbed && head.length === text.length;
    const result = whole ? kept : `${kept}[cut from ${text.length}]`;
    visit.left -= Buffer.byteLength(result);
    return result;
  }

  return (value) => convert(value, { left: maxBytes, above: [] });
}

function isPlain(value: unknown): value is null | boolean | number {
  const kinds = value === null || typeof value === 'boolean';
  return kinds || Number.isFinite(value);
}

// Only these: libraries hang requests, rows and headers on errors.
const ERROR_FIELDS = [
  'name',
  'message',
  'code',
  'stack',
  'cause',
  'errors',
];

function* listErrorFields(error: Error): Iterable<[string, unknown]> {
  for (const field of listFields(error, ERROR_FIELDS))
    if (field[1] !== undefined) yield field;
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

function cutToBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const cut = Buffer.from(text).toString('utf8', 0, most);
  return cut.replace(/\ufffd$/, ''); // half a character
}
