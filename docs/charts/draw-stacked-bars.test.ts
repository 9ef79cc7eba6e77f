import { expect, it } from 'vitest';
import { drawStackedBars } from './draw-stacked-bars.ts';

const html = drawStackedBars({
  title: 'Lines',
  parts: ['run', 'applied'],
  rows: [
    { name: 'Jobs & queues', values: [30, 10] },
    { name: 'Auth', values: [10, 0] },
  ],
});

it('draws the parts of a bar one behind the other, on the scale of the longest bar', () => {
  expect(html).toContain('<rect class="part-0" x="0.00" width="75.00"');
  expect(html).toContain('<rect class="part-1" x="75.00" width="25.00"');
  expect(html).toContain('<rect class="part-0" x="0.00" width="25.00"');
});

it('says in words what it draws', () => {
  expect(html).toContain(
    'aria-label="Bar chart. Jobs &amp; queues: 30 run, 10 applied; Auth: 10 run, 0 applied"',
  );
});
