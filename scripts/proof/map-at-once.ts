/** Does the work for each item, for at most so many at a time; the results are in the order of the items. */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  async function takeFromQueue(): Promise<void> {
    for (const [position, item] of queue) results[position] = await work(item);
  }
  await Promise.all(Array.from({ length: limit }, takeFromQueue));
  return results;
}
