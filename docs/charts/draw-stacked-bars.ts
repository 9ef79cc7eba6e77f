import { escapeHtml } from '../text/escape-html.ts';

/** Bars that are made of parts: `values` has a number for each of `parts`. */
export type StackedBars = {
  title: string;
  parts: string[];
  rows: { name: string; values: number[] }[];
};

/** Draws a bar for each row on the scale of the longest, with the numbers beside it and in words for screen readers. */
export function drawStackedBars({ title, parts, rows }: StackedBars): string {
  const longest = Math.max(...rows.map(({ values }) => sum(values)));
  const spoken = rows.map(({ name, values }) => `${name}: ${sayParts(parts, values)}`).join('; ');
  return [
    '<figure class="bench shares not-content">',
    `<figcaption>${escapeHtml(title)} ${drawLegend(parts)}</figcaption>`,
    `<div role="img" aria-label="Bar chart. ${escapeHtml(spoken)}">`,
    ...rows.map(({ name, values }) => drawRow(name, values, longest)),
    '</div></figure>',
  ].join('');
}

function drawLegend(parts: string[]): string {
  return parts
    .map((part, index) => `<span class="legend part-${index}">${escapeHtml(part)}</span>`)
    .join(' ');
}

function drawRow(name: string, values: number[], longest: number): string {
  let x = 0;
  const bars = values.map((value, index) => {
    const width = (100 * value) / longest;
    x += width;
    return `<rect class="part-${index}" x="${(x - width).toFixed(2)}" width="${width.toFixed(2)}" height="10"/>`;
  });
  return [
    `<span>${escapeHtml(name)}</span>`,
    `<svg viewBox="0 0 100 10" preserveAspectRatio="none">${bars.join('')}</svg>`,
    `<span>${values.map((value) => value.toLocaleString('en')).join(' + ')}</span>`,
  ].join('');
}

const sayParts = (parts: string[], values: number[]): string =>
  parts.map((part, index) => `${values[index]} ${part}`).join(', ');

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
