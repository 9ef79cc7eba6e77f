import { drawAnswers } from './draw-answers.ts';
import type { Answers } from './open-search.ts';

type Ask = (query: string) => Answers;

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
    const ask = await load();
    const query = input?.value.trim() ?? '';
    if (list) list.innerHTML = query === '' ? '' : drawAnswers(ask(query));
  }
  function open() {
    dialog?.showModal();
    input?.select();
    void answer();
  }

  search.addEventListener('pointerover', () => void load(), { once: true });
  opener.addEventListener('click', open);
  input.addEventListener('input', answer);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.querySelector('form')?.addEventListener('submit', async (event) => {
    event.preventDefault();
    await answer();
    list.querySelector('a')?.click();
  });
  dialog.addEventListener('keydown', (event) =>
    moveFocus(event, [input, ...list.querySelectorAll('a')]),
  );
  page.addEventListener('keydown', (event) => {
    if (!opensSearch(event)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
}

/** The engine and its index come once a reader turns to the search. */
function loadOnce(): () => Promise<Ask> {
  let loaded: Promise<Ask> | undefined;
  async function load() {
    const [{ openSearch }, response] = await Promise.all([
      import('./open-search.ts'),
      fetch('/search.json'),
    ]);
    return openSearch(await response.json());
  }
  return () => {
    loaded ??= load();
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

/** Moves the focus with the arrow keys from the field through the answers and back. */
function moveFocus(event: KeyboardEvent, places: HTMLElement[]): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const { activeElement } = document;
  if (step === undefined || !(activeElement instanceof HTMLElement)) return;
  const next = places[places.indexOf(activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
