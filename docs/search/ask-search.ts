/** Opens the search of the header, with words to search for if there are any. */
export function askSearch(page: Document, words?: string): void {
  const search = page.querySelector('site-search');
  const input = search?.querySelector('input');
  if (input && words !== undefined) input.value = words;
  search?.querySelector<HTMLButtonElement>('button[data-open-modal]')?.click();
}
