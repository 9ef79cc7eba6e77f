import { expect, it } from 'vitest';
import { drawAnswers } from './draw-answers.ts';
import type { Answers } from './open-search.ts';

const answer = {
  href: '/patterns/jobs/queue/',
  title: 'A <queue>',
  summary: 'It waits.',
  area: 'Jobs',
};
const planned = { id: 'a/b', title: 'Rate limits' };

const draw = (some: Partial<Answers>): string =>
  drawAnswers({ answers: [], nearest: [], isAsked: () => false, ...some });

it('shows of an answer its title, its area, the symptom and the outcome, and no tag of theirs', () => {
  const html = draw({ answers: [{ ...answer, symptom: 'Stuck in `running`' }] });
  expect(html).toContain('<a href="/patterns/jobs/queue/">');
  expect(html).toContain('A &lt;queue>');
  expect(html).toContain('Stuck in <code>running</code>');
});

it('shows no symptom where none has a word of the query', () => {
  expect(draw({ answers: [answer] })).not.toContain('class="symptom"');
});

it('makes the words that were asked for bold, in no tag and no entity', () => {
  const isAsked = (word: string) => ['stuck', 'code', 'lt'].includes(word.toLowerCase());
  const symptom = 'Stuck in `code` < here';
  const html = draw({ answers: [{ ...answer, symptom }], isAsked });
  expect(html).toContain('<b>Stuck</b> in <code><b>code</b></code> &lt; here');
});

it('says that nothing fits, and what is nearest', () => {
  const html = draw({ nearest: [answer] });
  expect(html).toContain('No pattern fits.');
  expect(html).toContain('Nearest:');
});

it('says that a topic is planned, alone and after the answers', () => {
  const row = '<p class="planned">Planned, not written: <strong>Rate limits</strong></p>';
  expect(draw({ planned })).toBe(row);
  expect(draw({ planned, answers: [answer] })).toMatch(new RegExp(`</ul>${row}$`));
});
