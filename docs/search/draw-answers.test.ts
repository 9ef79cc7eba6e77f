import { expect, it } from 'vitest';
import { drawAnswers } from './draw-answers.ts';

const answer = {
  href: '/patterns/jobs/queue/',
  title: 'A <queue>',
  summary: 'It waits.',
  area: 'Jobs',
};

it('shows of an answer its title, its area, the symptom and the outcome, and no tag of theirs', () => {
  const html = drawAnswers({
    answers: [{ ...answer, symptom: 'Stuck in `running`' }],
    nearest: [],
  });
  expect(html).toContain('<a href="/patterns/jobs/queue/">');
  expect(html).toContain('A &lt;queue>');
  expect(html).toContain('Stuck in <code>running</code>');
});

it('says that nothing fits, and what is nearest', () => {
  const html = drawAnswers({ answers: [], nearest: [answer] });
  expect(html).toContain('No pattern fits.');
  expect(html).toContain('Nearest:');
});

it('says that a topic is planned', () => {
  const html = drawAnswers({
    answers: [],
    planned: { id: 'a/b', title: 'Rate limits' },
    nearest: [],
  });
  expect(html).toContain('<strong>Rate limits</strong> is planned and not written yet.');
});
