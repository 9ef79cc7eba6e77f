import { askSearch } from '../search/ask-search.ts';

/** Lets the large button of the home page open the search of the header. */
export function startSearchButton(page: Document): void {
  const button = page.querySelector<HTMLButtonElement>('.open-search');
  button?.addEventListener('click', () => askSearch(page));
}
