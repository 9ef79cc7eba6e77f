import { expect, it } from 'vitest';
import { drawBench } from './draw-bench.ts';

const rows = [
  { name: 'this pattern', median: 2000, low: 1500, high: 2500, ratio: 1 },
  { name: 'a "naive" <way>', median: 500, low: 400, high: 600, ratio: 0.25 },
];
const html = drawBench({
  tables: [{ title: 'Jobs', unit: 'jobs/s', better: 'higher', rows }],
});

it('draws a bar as long as its median, on the scale of the highest', () => {
  expect(html).toContain('<rect width="80.00"');
  expect(html).toContain('<rect width="20.00"');
  expect(html).toContain('<line x1="60.00" x2="100.00"');
});

it('says in words what it draws', () => {
  expect(html).toContain('Jobs, jobs/s: higher is better');
  expect(html).toContain(
    'aria-label="Bar chart. this pattern: 2,000; a &quot;naive&quot; &lt;way>: 500"',
  );
});
