import type { Bench } from '../../scripts/engine/records.ts';

type Measure = Pick<Bench['tables'][number], 'unit' | 'better'>;

/** Values that differ by less than this share are about the same: a bench repeats no better. */
const SAME = 0.05;

const TIME = /^(?:s|ms|µs|us)\b/;

/** The ratio to the first row in words: `459× slower`, `2.4× faster`, `1.7× as much`. */
export function sayRatio(ratio: number, { unit, better }: Measure): string {
  if (Math.abs(ratio - 1) < SAME) return 'about the same';
  const isSpeed = better === 'higher' ? unit.endsWith('/s') : TIME.test(unit);
  if (!isSpeed) return `${writeFactor(ratio)}× as much`;
  const isFaster = better === 'higher' ? ratio > 1 : ratio < 1;
  return `${writeFactor(Math.max(ratio, 1 / ratio))}× ${isFaster ? 'faster' : 'slower'}`;
}

/** Two digits below ten, whole numbers above. */
function writeFactor(factor: number): string {
  const digits = factor < 10 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return factor.toLocaleString('en', digits);
}
