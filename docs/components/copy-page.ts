/** Lets the button of a pattern page copy the page's twin in Markdown. */
export function startCopying(page: Document): void {
  const button = page.querySelector<HTMLButtonElement>('.copy-page');
  const twin = page.querySelector<HTMLAnchorElement>('.twin');
  const status = page.querySelector('.links [role=status]');
  if (!button || !twin || !status) return;

  button.addEventListener('click', async () => {
    status.textContent = await copy(twin.href);
  });
}

async function copy(address: string): Promise<string> {
  try {
    const response = await fetch(address);
    if (!response.ok) return 'Could not load the page';
    await navigator.clipboard.writeText(await response.text());
    return 'Copied';
  } catch {
    return 'The browser refused access to the clipboard';
  }
}
