/** Parts of keys that name a secret, whatever else the key has. Add your own. */
const PARTS = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'jwt',
  'apikey',
  'accesskey',
  'privatekey',
  'signingkey',
  'encryptionkey',
  'authorization',
  'cookie',
  'credential',
  'signature',
  'sessionid',
  'cardnumber',
  'cvc',
  'cvv',
  'iban',
];

/** Words of keys, such as `DB_PASS` or `userPin`: they are parts of harmless words too. */
const WORDS = ['pass', 'auth', 'sig', 'sid', 'otp', 'pin', 'ssn'];

const PART = new RegExp(PARTS.join('|'));
const WORD = new RegExp(`(?<![a-z])(?:${WORDS.join('|')})(?![a-z])`);

/** Tells whether a key names a secret, in any case and with any separators. */
export function isSecretKey(key: string): boolean {
  const words = key.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();
  return PART.test(words.replace(/[^a-z]/g, '')) || WORD.test(words);
}

/** Takes out what looks like a secret within a text, in a time that is linear in its length. */
export function scrubText(text: string): string {
  if (!/[=:]|bearer|basic|eyJ/i.test(text)) return text;
  return text
    .replace(/:\/\/\S+/g, hideUserinfo)
    .replace(/(bearer|basic) +\S+/gi, '$1 [redacted]')
    .replace(/(?<![\w-])eyJ[\w-]+\.[\w.-]+/g, '[redacted]')
    .replace(HEADER, (line, key) =>
      isSecretKey(key) ? `${key}: [redacted]` : line,
    )
    .replace(PAIR, (mark, key) =>
      isSecretKey(key) ? `${mark}\0` : mark,
    )
    .replace(MARKED_VALUE, '[redacted]');
}

const HEADER = /^([\w-]+): .+/gm;

// Keys are looked for backwards, from `=` and `:`. Forwards, a text
// of word characters would be read once for each of them. Values are
// taken out in a second step: that of a harmless key, such as a URL,
// has keys of its own.
const PAIR = /(?<=([\w.%[\]-]+)[\\"']* *)[=:] */g;
const MARKED_VALUE =
  /\0(?:\\*"(?:\\.|[^"])*"?|'[^']*'?|[[{][^\]}]*[\]}]?|[^\s&;,"]*)/g;

/** ://user:password@host; a password that is not encoded may hold a `/`. */
function hideUserinfo(url: string): string {
  const authority = url.slice(3).replace(/[/?#].*/, '');
  const colon = /^:|:(?!\d*$)/.test(authority);
  const end = (colon ? url : authority).lastIndexOf('@');
  if (end < 0) return url;
  return `://[redacted]${url.slice(colon ? end : end + 3)}`;
}
