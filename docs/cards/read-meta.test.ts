import { expect, it } from 'vitest';
import { readMeta } from './read-meta.ts';

it('reads what the head says, as a person would read it', () => {
  const html =
    '<head><meta property="og:title" content="A &#38; &quot;B&quot;"/></head><meta name="no" content="head"/>';
  expect([...readMeta(html)]).toEqual([['og:title', 'A & "B"']]);
});
