import type { Bench, BenchRow } from '../../scripts/engine/records.ts';
import { escapeHtml } from '../text/escape-html.ts';

type Table = Bench['tables'][number];

/** The bench of a pattern as bars, a chart for each of its tables; the tables below have the numbers. */
export function drawBench({ tables }: Pick<Bench, 'tables'>): string {
  return tables.map(drawTable).join('');
}

function drawTable({ title, unit, better, rows }: Table): string {
  const longest = Math.max(...rows.map(({ high }) => high));
  const spoken = rows.map(({ name, median }) => `${name}: ${writeNumber(median)}`).join('; ');
  const caption = `${title}, ${unit}: ${better} is better`;
  return [
    '<figure class="bench not-content">',
    `<figcaption>${escapeHtml(caption)}</figcaption>`,
    `<div role="img" aria-label="Bar chart. ${escapeHtml(spoken)}">`,
    ...rows.map((row, index) => drawRow(row, { longest, isOwn: index === 0 })),
    '</div></figure>',
  ].join('');
}

/** The bar is the median; the line over its end goes from the lowest to the highest. */
function drawRow(
  { name, median, low, high }: BenchRow,
  { longest, isOwn }: { longest: number; isOwn: boolean },
): string {
  const scale = (value: number) => ((100 * value) / longest).toFixed(2);
  const range = `<line x1="${scale(low)}" x2="${scale(high)}" y1="5" y2="5"/>`;
  return [
    `<span>${escapeHtml(name)}</span>`,
    `<svg${isOwn ? ' class="own"' : ''} viewBox="0 0 100 10" preserveAspectRatio="none">`,
    `<rect width="${scale(median)}" height="10"/>${range}</svg>`,
    `<span>${writeNumber(median)}</span>`,
  ].join('');
}

/** Made once: it takes far longer to make than to use. */
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const writeNumber = (value: number): string => threeDigits.format(value);
