import { drawAnswers } from './draw-answers.ts';
import type { Answers } from './open-search.ts';

type Ask = (query: string) => Answers;

const NOT_LOADED =
  '<p class="nothing">The search did not load. Type on when the network is back.</p>';

/** Makes the search of the header work: it opens, answers while a reader types, and is used by keyboard alone. */
export function startSearchBox(page: Document): void {
  const search = page.querySelector('site-search');
  const opener = search?.querySelector<HTMLButtonElement>('button[data-open-modal]');
  const dialog = search?.querySelector('dialog');
  const input = dialog?.querySelector('input');
  const list = dialog?.querySelector<HTMLElement>('[data-answers]');
  if (!search || !opener || !dialog || !input || !list) return;
  const load = loadOnce();

  async function answer() {
    const ask = await load().catch(() => undefined);
    if (!input || !list) return;
    const query = input.value.trim();
    list.innerHTML = !ask ? NOT_LOADED : query === '' ? '' : drawAnswers(ask(query));
  }
  function open() {
    dialog?.showModal();
    input?.select();
    void answer();
  }

  /** What Enter opens from the field. What is nearest is no answer: it follows other words. */
  function findFirst() {
    return list?.firstElementChild?.querySelector('a');
  }

  search.addEventListener('pointerover', () => load().catch(() => {}), { once: true });
  opener.addEventListener('click', open);
  input.addEventListener('input', answer);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.querySelector('[data-close-modal]')?.addEventListener('click', () => dialog.close());
  dialog.querySelector('form')?.addEventListener('submit', async (event) => {
    event.preventDefault();
    await answer();
    findFirst()?.click();
  });
  dialog.addEventListener('keydown', (event) => {
    // In a field for searches, Chromium would only empty it.
    if (event.key === 'Escape') dialog.close();
    const first = findFirst();
    const others = [...list.querySelectorAll('a')].filter((answer) => answer !== first);
    moveFocus(event, [input, ...others]);
  });
  page.addEventListener('keydown', (event) => {
    if (!opensSearch(event)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
}

/** The engine and its index come once a reader turns to the search; what failed is loaded again. */
function loadOnce(): () => Promise<Ask> {
  let loaded: Promise<Ask> | undefined;
  async function load() {
    const [{ openSearch }, response] = await Promise.all([
      import('./open-search.ts'),
      fetch('/search.json'),
    ]);
    if (!response.ok) throw new Error(`search.json: ${response.status}`);
    return openSearch(await response.json());
  }
  return () => {
    loaded ??= load().catch((error) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** Ctrl+K or Cmd+K, and `/` where nobody types. */
function opensSearch({ key, ctrlKey, metaKey, target }: KeyboardEvent): boolean {
  if ((ctrlKey || metaKey) && key === 'k') return true;
  const types =
    target instanceof Element && target.closest('input, textarea, select, [contenteditable]');
  return key === '/' && !types;
}

/** Moves the focus with the arrow keys from the field, which stands for the first answer, through the others and back. */
function moveFocus(event: KeyboardEvent, places: HTMLElement[]): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const { activeElement } = document;
  if (step === undefined || !(activeElement instanceof HTMLElement)) return;
  event.preventDefault(); // else the page behind would scroll
  places[places.indexOf(activeElement) + step]?.focus();
}
