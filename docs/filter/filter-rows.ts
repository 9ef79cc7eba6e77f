import { describeCount } from '../../scripts/text/describe-count.ts';
import {
  countOptions,
  listControls,
  listWishes,
  nameWish,
  readAddress,
  takeBack,
  writeAddress,
} from './controls.ts';
import { findRows, openSections } from './page-rows.ts';
import { showWayOut } from './show-way-out.ts';
import { fits, listLoosenings, type Wish } from './wishes.ts';

/** Makes each filter of the page narrow the rows that follow it, and keeps what is asked for in the address. */
export function startFilters(page: Document): void {
  for (const form of page.querySelectorAll<HTMLFormElement>('form.filter')) startFilter(form);
}

function startFilter(form: HTMLFormElement): void {
  const { under, noun = 'row' } = form.dataset;
  if (under) form.ownerDocument.getElementById(under)?.closest('div')?.after(form);
  form.hidden = false;
  const output = form.querySelector('output');
  const wayOut = form.querySelector<HTMLElement>('.way-out');
  const controls = listControls(form);
  const rows = findRows(form, controls);
  const showSections = openSections(rows);

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', (event) => {
    narrow();
    // Each word typed is no step to go back by; a choice is.
    writeAddress(
      controls,
      event.target instanceof HTMLSelectElement ? 'pushState' : 'replaceState',
    );
  });
  addEventListener('popstate', () => {
    readAddress(controls);
    narrow();
  });
  readAddress(controls);
  narrow();

  function narrow() {
    const wishes = listWishes(controls);
    for (const row of rows) row.element.hidden = !fits(row, wishes);
    const shown = rows.filter(({ element }) => !element.hidden);
    showSections(shown, wishes.length > 0);
    countOptions(controls, rows, wishes);
    const found = shown.length > 0 ? describeCount(shown.length, noun) : `No ${noun} fits`;
    if (output && output.textContent !== found) output.textContent = found;
    if (!wayOut) return;
    const loosenings = shown.length > 0 ? undefined : listLoosenings(rows, wishes);
    const name = (wish: Wish) => nameWish(wish, controls);
    showWayOut(wayOut, loosenings, { wishes, name, take: loosen });
  }

  /** Without one wish, or without any. */
  function loosen(wish: Wish | undefined) {
    for (const control of controls) takeBack(control, wish);
    narrow();
    writeAddress(controls, 'pushState');
    controls[0]?.focus();
  }
}
