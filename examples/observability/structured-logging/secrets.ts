const SECRET =
  /pass(word|wd|phrase|code)|^pass$|pwd|secret|token|jwt|(api|access|private)key|authori[sz]ation|^auth$|cookie|credential|signature|^sig$|sess(ion)?id|^otp|otp$|^pin$|cvc|cvv|cardnumber|^ssn$|iban/;

const known = new Map<string, boolean>();

/** Tells whether a key names a secret, in any case and with any separators. */
export function isSecretKey(key: string): boolean {
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const plain = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  const secret = SECRET.test(plain);
  // Bounded: keys may come from outside.
  if (known.size < 1000 && key.length < 100) known.set(key, secret);
  return secret;
}

/** Takes out what looks like a secret within a text: in URLs, headers, forms and JSON. */
export function scrubText(text: string): string {
  if (!/:\/\/|=|" *:|bearer|basic|eyJ/i.test(text)) return text;
  return (
    text
      // postgres://user:password@host, with a `/` in the password too.
      .replace(
        /(:\/\/[^\s/?#@:]*:)(?!\d+[/?#])\S{0,512}@/g,
        '$1[redacted]@',
      )
      .replace(/(:\/\/)[^\s/?#:]{1,512}@/g, '$1[redacted]@')
      .replace(/\b(bearer|basic) +[\w.~+/=-]+/gi, '$1 [redacted]')
      .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]')
      .replace(PAIR, (pair, key, between) =>
        isSecretKey(key) ? `${key}${between}[redacted]` : pair,
      )
  );
}

// key=value as in queries, forms and cookies; "key": "value" as in JSON.
const PAIR =
  /([\w.%[\]-]{1,64})(=|\\{0,3}" {0,4}: {0,4})(\\{0,3}"(?:\\.|[^"\\])*|[^\s&;,"}]*)/g;
