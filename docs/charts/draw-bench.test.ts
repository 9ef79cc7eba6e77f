import { expect, it } from 'vitest';
import { drawBench } from './draw-bench.ts';

const row = (name: string, median: number, ratio: number) => {
  return { name, median, low: median / 2, high: median * 2, ratio };
};

const bench = (rows: ReturnType<typeof row>[]) =>
  drawBench({ tables: [{ title: 'Jobs', unit: 'jobs/s', better: 'higher', rows }] });

it('draws bars on the scale of the highest, this pattern first', () => {
  const svg = bench([row('this pattern', 100, 1), row('<other>', 50, 0.5)]);

  expect(svg).toContain('<li class="own"><span class="name">this pattern</span>');
  expect(svg.match(/<rect width="[\d.]+%"/g)).toEqual([
    '<rect width="48.50%"',
    '<rect width="24.25%"',
  ]);
  expect(svg).toContain('&lt;other>');
});

it('says how many times slower, and what is measured', () => {
  const svg = bench([row('this pattern', 100, 1), row('other', 50, 0.5)]);

  expect(svg).toContain('2× slower');
  expect(svg).toContain('jobs/s, higher is better');
});

it('draws dots on a logarithmic scale when bars could not be seen, and says so', () => {
  const svg = bench([row('this pattern', 1000, 1), row('other', 2, 0.002)]);

  expect(svg).toContain('logarithmic scale');
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).not.toContain('<rect');
});
