/** One thing that a reader asks of a row: a word of its text, or a value of one of its facets. */
export type Wish = { name: string; value: string };

/** What a filter knows of a row: its text in lower case, and its values of each facet. */
export type FilterRow = { text: string; facets: Readonly<Record<string, readonly string[]>> };

/** The name of the wishes that are words of the text, in the form and in the address. */
export const TEXT = 'q';

/** Whether a row is all that is wished for. */
export function fits({ text, facets }: FilterRow, wishes: readonly Wish[]): boolean {
  return wishes.every(({ name, value }) =>
    name === TEXT ? text.includes(value) : facets[name]?.includes(value),
  );
}

/** How many rows have a value of a facet, among those that fit all wishes for other facets. */
export function countValue(rows: FilterRow[], wishes: Wish[], wish: Wish): number {
  return countFitting(rows, [...wishes.filter(({ name }) => name !== wish.name), wish]);
}

/** The wishes that are to blame when nothing fits: each with how many rows fit without it, the most first. */
export function listLoosenings(rows: FilterRow[], wishes: Wish[]): { wish: Wish; count: number }[] {
  return wishes
    .map((wish) => ({
      wish,
      count: countFitting(
        rows,
        wishes.filter((one) => one !== wish),
      ),
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

const countFitting = (rows: FilterRow[], wishes: Wish[]): number =>
  rows.filter((row) => fits(row, wishes)).length;
