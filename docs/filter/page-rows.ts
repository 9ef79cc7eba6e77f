import { isShort } from '../patterns/group-by-area.ts';
import type { Control } from './controls.ts';
import { type FilterRow, TEXT } from './wishes.ts';

/** A row of the page, and the folded section that it is in. */
export type PageRow = FilterRow & { element: HTMLElement; section: HTMLDetailsElement | null };

/** The rows that a filter narrows: of the table, or of all sections, in the first element after it that has any. */
export function findRows(form: HTMLFormElement, controls: Control[]): PageRow[] {
  const facets = controls.map(({ name }) => name).filter((name) => name !== TEXT);
  for (let next = form.nextElementSibling; next; next = next.nextElementSibling) {
    const rows = next.querySelectorAll<HTMLElement>('tbody tr, [data-row]');
    if (rows.length > 0) return [...rows].map((row) => readRow(row, facets));
  }
  throw new Error('no rows follow the filter');
}

/** A row says itself by what it is found when that is not all of its text; its area counts too. */
function readRow(element: HTMLElement, facets: string[]): PageRow {
  const section = element.closest('details');
  const area = section?.querySelector('summary :is(h2, h3)')?.textContent ?? '';
  const text = element.dataset.row ?? element.textContent ?? '';
  const values = facets.map((name) => [name, element.dataset[name]?.split(' ') ?? []]);
  return {
    element,
    section,
    text: `${text} ${area}`.toLowerCase(),
    facets: Object.fromEntries(values),
  };
}

/** Lets the sections of rows show what fits: unfolded while it is little, and as they were when nothing is asked for. */
export function openSections(rows: PageRow[]): (shown: PageRow[], isNarrowed: boolean) => void {
  const wasOpen = new Map(rows.map(({ section }) => [section, section?.open === true]));
  let wasNarrowed = false;
  return function showSections(shown, isNarrowed) {
    if (!isNarrowed && !wasNarrowed) return;
    wasNarrowed = isNarrowed;
    const groups = Map.groupBy(shown, ({ section }) => section);
    for (const [section, open] of wasOpen) {
      if (!section) continue;
      const count = groups.get(section)?.length ?? 0;
      section.hidden = count === 0;
      section.open = open || (isNarrowed && isShort(shown.length));
      const summary = section.querySelector('summary');
      if (isNarrowed) summary?.setAttribute('data-fitting', `${count}`);
      else summary?.removeAttribute('data-fitting');
    }
  };
}
