import { expect, it } from 'vitest';
import { readMeta } from './read-meta.ts';

it('reads what the head says, as a person would read it', () => {
  const html =
    '<head><meta content="A &#38; &quot;B&quot;" property="og:title"/></head><body><meta name="no" content="head"/></body>';
  expect([...readMeta(html)]).toEqual([['og:title', 'A & "B"']]);
});
