/** Parts of keys that name a secret, whatever else the key has. */
const PARTS = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'secret',
  'token',
  'jwt',
  'apikey',
  'accesskey',
  'privatekey',
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

/** Whole keys: they are parts of harmless words too. */
const WHOLE = ['pass', 'auth', 'sig', 'sid', 'otp', 'pin', 'ssn'];

const known = new Map<string, boolean>();

/** Tells whether a key names a secret, in any case and with any separators. */
export function isSecretKey(key: string): boolean {
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const plain = key.toLowerCase().replace(/[^a-z]/g, '');
  const secret =
    WHOLE.includes(plain) || PARTS.some((part) => plain.includes(part));
  // Keys may come from outside: few are remembered, and no long ones.
  if (known.size < 1000 && key.length < 100) known.set(key, secret);
  return secret;
}

/** Takes out what looks like a secret within a text: in URLs, headers, forms and JSON. */
export function scrubText(text: string): string {
  if (!/[=:]|bearer|basic|eyJ/i.test(text)) return text;
  return text
    .replace(/:\/\/\S+/g, hideUserinfo)
    .replace(/(bearer|basic) +\S+/gi, '$1 [redacted]')
    .replace(/\beyJ[\w-]+\.[\w.-]+/g, '[redacted]')
    .replace(FORM_VALUE, (pair, key) =>
      isSecretKey(key) ? '=[redacted]' : pair,
    )
    .replace(JSON_VALUE, (pair, key) =>
      isSecretKey(key) ? ':"[redacted]"' : pair,
    );
}

// The keys are looked for backwards, from `=` and `:`. Forwards, a
// text of word characters would be read once for each of them.
const FORM_VALUE = /(?<=([^\s&;,?"]+))=[^\s&;,"]*/g;
const JSON_VALUE =
  /(?<="([^"]+)\\*" *): *(?:\\*"(?:\\.|[^"])*"?|[^\s,}]+)/g;

/** ://user:password@host; a password that is not encoded may hold a `/`. */
function hideUserinfo(url: string): string {
  const authority = url.slice(3).replace(/[/?#].*/, '');
  const colon = /:(?!\d*$)/.test(authority);
  const end = (colon ? url : authority).lastIndexOf('@');
  if (end < 0) return url;
  return `://[redacted]${url.slice(colon ? end : end + 3)}`;
}
