import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readQueryWords, readWords } from './search-words.ts';

const ask = (query: string, ...known: string[]) => [
  ...readQueryWords(query, (word) => known.includes(word)).keys(),
];

describe('the words of a page', () => {
  it('are stems, without words that say nothing', () => {
    expect(readWords('The partitions are dropped')).toEqual(['partit', 'drop']);
  });

  it('are an identifier and its parts', () => {
    expect(readWords('lock_timeout')).toEqual(['lock_timeout', 'lock', 'timeout']);
    expect(readWords('limitInputPixels')).toEqual(['limitinputpixel', 'limit', 'input', 'pixel']);
  });

  it('are one for what means the same', () => {
    expect(readWords('photos')).toEqual(readWords('image'));
    expect(readWords('pg db msg')).toEqual(readWords('postgres database message'));
  });

  it('are not one because their stems are: invalid is not revoked', () => {
    expect(readWords('invalid')).not.toEqual(readWords('revoke'));
  });

  it('are codes, and no other numbers', () => {
    expect(readWords('23505 after 12 of 1718900412, ERR_LOCK')).toEqual([
      '23505',
      'err_lock',
      'err',
      'lock',
    ]);
  });
});

describe('the words of a query', () => {
  it('are counted', () => {
    expect(readQueryWords('drift, Drift and drifts', () => true)).toEqual(new Map([['drift', 3]]));
  });

  it('leave out what differs each time that a message is printed', () => {
    const message = [
      '2026-05-06T09:12:44.220Z process 72d3162e-cc78-11e3-81ab-4c9367dc0958 waits, 1000.123 ms',
      '    at Sharp.toBuffer (/app/node_modules/sharp/lib/output.js:163:17)',
      'see https://example.com/path and src/avatars.js from 127.0.0.1:3310',
    ].join('\n');
    expect(ask(message)).toEqual(['process', 'wait', 'millisecond', 'see']);
  });

  it('keep of an identifier that no page has the parts that a page has', () => {
    expect(ask('stripe_events_pkey', 'stripe', 'event')).toEqual(['stripe', 'event']);
    expect(ask('lock_timeout', 'lock', 'timeout', 'lock_timeout')).toEqual(['lock_timeout']);
  });

  it('keep a word that no page has', () => {
    expect(ask('kafka')).toEqual(['kafka']);
  });

  it('come from the first 2,000 characters', () => {
    expect(ask(`${' '.repeat(1_995)}relay kafka`)).toEqual(['relai']);
  });

  it('can be read from any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (query) => {
        for (const [word, count] of readQueryWords(query, () => false)) {
          expect(word).not.toBe('');
          expect(count).toBeGreaterThan(0);
        }
      }),
    );
  });
});
