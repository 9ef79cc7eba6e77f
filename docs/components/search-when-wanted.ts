/**
 * Stands in for Pagefind's user interface, three times as heavy as all our scripts together: the
 * real one is loaded once a reader turns to the search.
 */
export class PagefindUI {
  constructor(options: object) {
    const search = document.querySelector('site-search');
    if (search) void load(search, options);
  }
}

async function load(search: Element, options: object): Promise<void> {
  await waitUntilWanted(search);
  const real = await import('@pagefind/default-ui/npm_dist/mjs/ui-core.mjs');
  new real.PagefindUI(options);
  // Who opened it in the meantime has looked for the field already.
  if (search.querySelector('dialog')?.open) search.querySelector('input')?.focus();
}

/** A pointer or the focus on the search, or the first half of Ctrl+K; `click` is for other buttons that open it. */
function waitUntilWanted(search: Element): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const once = { once: true };
  if (search.querySelector('dialog')?.open) resolve(); // by who was quicker than this script
  for (const type of ['pointerover', 'focusin', 'click'])
    search.addEventListener(type, () => resolve(), once);
  addEventListener('keydown', function listen({ ctrlKey, metaKey }) {
    if (!ctrlKey && !metaKey) return;
    removeEventListener('keydown', listen);
    resolve();
  });
  return promise;
}
