/** Lets the large button of the home page open the search of the header, once that is there. */
export async function startSearchButton(page: Document): Promise<void> {
  const button = page.querySelector<HTMLButtonElement>('.open-search');
  const opener = page.querySelector<HTMLButtonElement>('site-search button[data-open-modal]');
  if (!button || !opener) return;
  button.addEventListener('click', (event) => {
    event.stopPropagation(); // a click outside of the search closes it
    opener.click();
  });
  await customElements.whenDefined('site-search');
  button.hidden = false;
}
