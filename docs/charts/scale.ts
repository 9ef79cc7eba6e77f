/** Where a value is, in percent of the width. */
export type Scale = {
  place: (value: number) => number;
  isLogarithmic: boolean;
  /** The values to name on the axis: powers of ten. */
  ticks: number[];
};

/** Beyond this, the shortest bar of a linear scale cannot be told from none. */
const MOST_LINEAR = 40;

/** Room at the end, for half of a dot. */
const FULL = 97;

/** A linear scale, or a logarithmic one when the values differ too much for it. */
export function chooseScale(values: number[]): Scale {
  const most = Math.max(...values);
  const least = Math.min(...values);
  if (least <= 0 || most / least < MOST_LINEAR)
    return { place: (value) => (FULL * value) / most, isLogarithmic: false, ticks: [] };
  const from = Math.log10(least) - 0.1;
  const width = Math.log10(most) - from;
  const place = (value: number) => (FULL * (Math.log10(value) - from)) / width;
  const powers = Math.floor(Math.log10(most)) - Math.ceil(from) + 1;
  const ticks = Array.from({ length: powers }, (_, power) => 10 ** (Math.ceil(from) + power));
  return { place, isLogarithmic: true, ticks };
}
