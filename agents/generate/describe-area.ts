/** What a description tells of a pattern. */
export type DescribedPattern = { title: string; symptoms: readonly string[] };

/** When to open the texts of an area, in so many characters: titles first, then symptoms. */
export function describeArea(
  area: string,
  patterns: readonly DescribedPattern[],
  longest: number,
): string {
  const titles = patterns.map(({ title }) => title);
  const symptoms = patterns.flatMap(({ symptoms }) => symptoms.slice(0, 1));
  const named = countFitting(titles.length, (count) => write(titles.slice(0, count), []));
  const shown = titles.slice(0, named);
  const quoted = countFitting(symptoms.length, (count) => write(shown, symptoms.slice(0, count)));
  return write(shown, symptoms.slice(0, quoted));

  function write(titles: string[], symptoms: string[]): string {
    const names = titles.length > 0 ? `: ${titles.join('; ')}` : '';
    const more = titles.length < patterns.length ? ' and more' : '';
    const such = symptoms.length > 0 ? `, or when: ${symptoms.join('; ')}` : '';
    return `TypeScript patterns for ${area}${names}${more}. Use when you build, review or debug one${such}.`;
  }

  function countFitting(most: number, write: (count: number) => string): number {
    for (let count = most; count > 0; count--) if (write(count).length <= longest) return count;
    return 0;
  }
}
