/** A number and its noun: `1 finding`, `3 findings`. */
export function describeCount(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
