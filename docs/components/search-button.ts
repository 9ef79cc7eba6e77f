/** Lets the large button of the home page open the search of the header. */
export function startSearchButton(page: Document): void {
  const button = page.querySelector<HTMLButtonElement>('.open-search');
  const opener = page.querySelector<HTMLButtonElement>('site-search button[data-open-modal]');
  if (!button || !opener) return;
  button.addEventListener('click', () => opener.click());
}
