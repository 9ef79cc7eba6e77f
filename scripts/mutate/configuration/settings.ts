import { type Change, quote, replaceSpan } from '../typescript/operator.ts';
import type { Part, Setting } from './configuration.ts';
import { type ConfigurationOperator, replacePart } from './operator.ts';

/** Makes an operator of a function that changes one setting. */
function forEachSetting(mutate: (setting: Setting) => Change[]): ConfigurationOperator['mutate'] {
  return ({ settings }) => settings.flatMap(mutate);
}

const SWITCHES: Record<string, string> = {
  on: 'off',
  off: 'on',
  true: 'false',
  false: 'true',
  yes: 'no',
  no: 'yes',
};

/** A switch is flipped: without it, its program takes one of the two. */
function removeSetting({ whole, removal, values }: Setting): Change[] {
  const isSwitch = values.length === 1 && values.every(({ text }) => Object.hasOwn(SWITCHES, text));
  if (removal === undefined || isSwitch) return [];
  return [replaceSpan(removal, '', `${quote(whole.text)} is gone`)];
}

/** Ports, versions and statuses are names: another is refused, or nobody asks there. */
const NO_AMOUNTS = /^(listen|listener|port|address|error_page|.*_(port|version)|version|image)$/;
const NUMBER =
  /(?<![\w.:/$%+-])(\d+(?:\.\d+)?)((?:[kmg]b?|[mu]s|[smhdwy]|min|r\/[sm])?)(?![\w.:/-])/gi;

function nudgeNumbers({ name, values }: Setting): Change[] {
  if (NO_AMOUNTS.test(name)) return [];
  return values.flatMap((value) => {
    const isParameter = /^\w*port=/.test(value.text);
    return isParameter ? [] : listNumbers(value).flatMap((number) => nudge(name, number));
  });
}

type Amount = Part & { value: number; unit: string };

function listNumbers({ text, start }: Part): Amount[] {
  return [...text.matchAll(NUMBER)].map(({ 0: found, 1: digits, 2: unit = '', index }) => ({
    text: found,
    start: start + index,
    end: start + index + found.length,
    value: Number(digits),
    unit,
  }));
}

function nudge(name: string, amount: Amount): Change[] {
  return listNudges(name, amount).map((value) =>
    replacePart(amount, `${Number(value.toPrecision(12))}${amount.unit}`),
  );
}

function listNudges(name: string, { value, text }: Amount): number[] {
  if (value === 0) return [1];
  if (name === 'return' && /^[2-5]\d\d$/.test(text)) return [value + 1]; // a status of HTTP
  if (name === 'topic') return [value - 1]; // a quality of service
  return [0, value * 10];
}

/** Words that have a near relative: more is allowed, or less is kept. */
const RELATIVES: Record<string, string> = {
  deny: 'readwrite',
  in: 'both',
  out: 'both',
  read: 'readwrite',
  readwrite: 'read',
  'scram-sha-256': 'md5',
  session: 'transaction',
  statement: 'transaction',
  transaction: 'session',
  write: 'readwrite',
};

function swapWords(table: Record<string, string>): (setting: Setting) => Change[] {
  return ({ values }) =>
    values.flatMap((part) => {
      const other = Object.hasOwn(table, part.text) ? table[part.text] : undefined;
      return other === undefined ? [] : [replacePart(part, other)];
    });
}

/** nginx: `allow 10.0.0.0/8;`. */
function swapAccess({ whole }: Setting): Change[] {
  const [word] = /^(allow|deny)(?= .*;$)/.exec(whole.text) ?? [];
  if (word === undefined) return [];
  const part = { text: word, start: whole.start, end: whole.start + word.length };
  return [replacePart(part, word === 'allow' ? 'deny' : 'allow')];
}

/** Mosquitto puts the user or the client in the place of `%u` and `%c`. */
function widenPattern({ values }: Setting): Change[] {
  return values.flatMap(({ text, start }) =>
    [...text.matchAll(/(?<=^|\/)%[uc](?=\/|$)/g)].map(({ 0: found, index }) =>
      replacePart({ text: found, start: start + index, end: start + index + found.length }, '+'),
    ),
  );
}

const PARAMETER = /^(\w+=.*|always|backup|nodelay|non_idempotent|updating)$/;
const LISTED = /^(\d{3}|\w[\w+.-]*\/[\w+.*-]+|TLSv[\d.]+|http_\d{3}|error|timeout)$/;

function dropValue({ name, values }: Setting): Change[] {
  const listed = values.filter(({ text }) => LISTED.test(text));
  const isList = listed.length > 1;
  return values
    .filter((value) => PARAMETER.test(value.text) || (isList && listed.includes(value)))
    .map((value) => replaceSpan(value, '', `${quote(value.text)} of ${quote(name)} is gone`));
}

const NEGATIONS: Record<string, string> = {
  '=': '!=',
  '!=': '=',
  '~': '!~',
  '!~': '~',
  '~*': '!~*',
  '!~*': '~*',
};

function negateCondition(setting: Setting): Change[] {
  return setting.name === 'if' ? swapWords(NEGATIONS)(setting) : [];
}

/** Operators that change a setting, whatever the file is written in. */
export const SETTINGS: ConfigurationOperator[] = [
  {
    name: 'setting-removed',
    description: 'a directive with its block, a line, an entry or an item is gone',
    family: 'settings',
    mutate: forEachSetting(removeSetting),
  },
  {
    name: 'amount-nudged',
    description: '0 becomes 1, 30 and `30s` become 0 or ten times as much',
    family: 'settings',
    mutate: forEachSetting(nudgeNumbers),
  },
  {
    name: 'switch-flipped',
    description: '`on` becomes `off`, `true` becomes `false`',
    family: 'settings',
    mutate: forEachSetting(swapWords(SWITCHES)),
  },
  {
    name: 'word-swapped',
    description: '`read` becomes `readwrite`, `session` becomes `transaction`',
    family: 'settings',
    mutate: forEachSetting(swapWords(RELATIVES)),
  },
  {
    name: 'access-turned',
    description: '`deny all;` becomes `allow all;`',
    family: 'settings',
    mutate: forEachSetting(swapAccess),
  },
  {
    name: 'pattern-widened',
    description: '`devices/%u` becomes `devices/+`',
    family: 'settings',
    mutate: forEachSetting(widenPattern),
  },
  {
    name: 'value-dropped',
    description: '`error_page 502 503` becomes `error_page 502`; `max_fails=0` is gone',
    family: 'settings',
    mutate: forEachSetting(dropValue),
  },
  {
    name: 'test-negated',
    description: '`if ($a = b)` becomes `if ($a != b)`',
    family: 'settings',
    mutate: forEachSetting(negateCondition),
  },
];
