import { askSearch } from '../search/ask-search.ts';
import { TEXT, type Wish } from './wishes.ts';

type Loosening = { wish: Wish; count: number };

/** What is asked for, how a wish is named, and what is done to give it up; all of them when it is none. */
type WayOut = {
  wishes: Wish[];
  name: (wish: Wish) => string;
  take: (wish: Wish | undefined) => void;
};

/** Says what to give up when nothing fits, with a button for each, and offers the search for the words; nothing at all while something does. */
export function showWayOut(
  box: HTMLElement,
  loosenings: Loosening[] | undefined,
  { wishes, name, take }: WayOut,
): void {
  box.replaceChildren();
  if (!loosenings) return;
  for (const { wish, count } of loosenings)
    box.append(createButton(`Without ${name(wish)} (${count})`, () => take(wish)));
  box.append(createButton('Clear the filter', () => take(undefined)));
  const words = wishes.flatMap((wish) => (wish.name === TEXT ? wish.value : [])).join(' ');
  if (words !== '')
    box.append(createButton(`Search for “${words}”`, () => askSearch(document, words)));
}

function createButton(text: string, act: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.addEventListener('click', act);
  return button;
}
