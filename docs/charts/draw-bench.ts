import type { Bench, BenchRow } from '../../scripts/engine/records.ts';
import { escapeHtml } from '../text/escape-html.ts';
import { markCode } from '../text/mark-code.ts';
import { sayRatio } from './say-ratio.ts';
import { chooseScale, type Scale } from './scale.ts';

type Table = Bench['tables'][number];

/** The bench of a pattern, a chart for each of its tables: value, range, ratio and note of each row. */
export function drawBench({ tables }: Pick<Bench, 'tables'>): string {
  const noted = new Set<string>();
  return `<div class="benches not-content">${tables.map((table) => drawTable(table, noted)).join('')}</div>`;
}

/** A note that a chart before this one has is not said again. */
function drawTable(table: Table, noted: Set<string>): string {
  const { title, unit, better, rows } = table;
  const scale = chooseScale(rows.flatMap(({ median, low, high }) => [median, low, high]));
  const kind = scale.isLogarithmic ? '; logarithmic scale' : '';
  return [
    '<figure class="bench">',
    `<figcaption><strong>${markCode(title)}</strong> <span>${escapeHtml(`${unit}, ${better} is better${kind}`)}</span></figcaption>`,
    '<ul>',
    ...rows.map((row, index) => drawRow(row, { table, scale, noted, isOwn: index === 0 })),
    drawAxis(scale),
    '</ul></figure>',
  ].join('');
}

type Place = { table: Table; scale: Scale; noted: Set<string>; isOwn: boolean };

function drawRow(row: BenchRow, { table, scale, noted, isOwn }: Place): string {
  const { name, median, ratio, note = '' } = row;
  return [
    `<li${isOwn ? ' class="own"' : ''}>`,
    `<span class="name">${markCode(name)}</span>`,
    `<span class="value">${writeNumber(median)}</span>`,
    drawBar(row, scale),
    `<span class="ratio">${isOwn ? '' : sayRatio(ratio, table)}</span>`,
    note && isNew(`${name}: ${note}`, noted) ? `<span class="note">${markCode(note)}</span>` : '',
    '</li>',
  ].join('');
}

const isNew = (note: string, noted: Set<string>): boolean => !noted.has(note) && !!noted.add(note);

/** A logarithmic scale names its powers of ten. */
function drawAxis({ ticks, place }: Scale): string {
  if (ticks.length === 0) return '';
  const names = ticks.map(
    (tick) => `<text x="${place(tick).toFixed(2)}%" y="12">${writeNumber(tick)}</text>`,
  );
  return `<li class="axis" aria-hidden="true"><svg>${names.join('')}</svg></li>`;
}

/** On a linear scale the bar is the median; a logarithmic one has no zero, so a dot is. The line goes from the lowest to the highest. */
function drawBar({ median, low, high }: BenchRow, { place, isLogarithmic }: Scale): string {
  const x = (value: number) => place(value).toFixed(2);
  const range = `<line x1="${x(low)}%" x2="${x(high)}%" y1="50%" y2="50%"/>`;
  const middle = isLogarithmic
    ? `<circle cx="${x(median)}%" cy="50%" r="5"/>`
    : `<rect width="${x(median)}%" y="20%" height="60%"/>`;
  const drawn = isLogarithmic ? range + middle : middle + range;
  return `<svg aria-hidden="true">${drawn}</svg>`;
}

/** Made once: it takes far longer to make than to use. */
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const writeNumber = (value: number): string => threeDigits.format(value);
