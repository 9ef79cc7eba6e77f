import { expect, it } from 'vitest';
import { drawAnswers } from './draw-answers.ts';
import type { Answers } from './open-search.ts';

const answer = {
  href: '/patterns/jobs/queue/',
  title: 'A <queue>',
  summary: 'It waits.',
  area: 'Jobs',
};
const planned = { id: 'a/b', title: 'Rate & limits', leads: false };

const draw = (some: Partial<Answers>): string =>
  drawAnswers({ answers: [], nearest: [], isAsked: () => false, ...some });

it('shows of an answer its title, its area, the symptom and what to do, and no tag of theirs', () => {
  const said = { symptom: 'Stuck in `running`', answer: 'Set `lease`.' };
  const html = draw({ answers: [{ ...answer, ...said }] });
  expect(html).toContain('<a href="/patterns/jobs/queue/">');
  expect(html).toContain('A &lt;queue>');
  expect(html).toContain('Stuck in <code>running</code>');
  expect(html).toContain('Set <code>lease</code>.');
  expect(html).not.toContain('It waits.');
});

it('shows the outcome where no symptom has a word of the query', () => {
  const html = draw({ answers: [answer] });
  expect(html).not.toContain('class="symptom"');
  expect(html).toContain('It waits.');
});

it('makes the words that were asked for bold, in no tag and no entity', () => {
  const isAsked = (word: string) => ['stuck', 'code', 'lt'].includes(word.toLowerCase());
  const symptom = 'Stuck in `code` < here';
  const html = draw({ answers: [{ ...answer, symptom }], isAsked });
  expect(html).toContain('<b>Stuck</b> in <code><b>code</b></code> &lt; here');
});

it('says that nothing fits, and what is nearest', () => {
  const html = draw({ nearest: [answer] });
  expect(html).toContain('No pattern fits, and none is planned.');
  expect(html).toContain('Nearest:');
});

it('says that a topic is planned, and leads to it: alone, after the answers, and before them where it fits better', () => {
  const row =
    '<p class="planned"><a href="/coverage/?q=Rate+%26+limits"><span>Planned, not written: <strong>Rate &amp; limits</strong></span></a></p>';
  expect(draw({ planned })).toBe(row);
  const html = draw({ planned, answers: [answer] });
  expect(html.startsWith('<ul>') && html.endsWith(`</ul>${row}`)).toBe(true);
  const led = draw({ planned: { ...planned, leads: true }, answers: [answer] });
  expect(led.startsWith(`${row}<ul>`) && led.endsWith('</ul>')).toBe(true);
});
