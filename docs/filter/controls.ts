import { countValue, type FilterRow, TEXT, type Wish } from './wishes.ts';

/** What a filter is set by: its text box, and a list for each facet. */
export type Control = HTMLInputElement | HTMLSelectElement;

/** The controls of a filter, the text box first. */
export const listControls = (form: HTMLFormElement): Control[] => [
  ...form.querySelectorAll<Control>('input, select'),
];

/** What the controls ask for: each word of the text, and each value that is chosen. */
export function listWishes(controls: Control[]): Wish[] {
  return controls.flatMap(({ name, value }) =>
    (name === TEXT ? listWords(value) : [value])
      .filter(Boolean)
      .map((wished) => ({ name, value: wished })),
  );
}

/** A wish in the words of its control: `“queue”`, `Level: 4 production`. */
export function nameWish({ name, value }: Wish, controls: Control[]): string {
  const control = controls.find((one) => one.name === name);
  if (!(control instanceof HTMLSelectElement)) return `“${value}”`;
  return `${control.labels[0]?.firstChild?.textContent?.trim()}: ${control.selectedOptions[0]?.dataset.label}`;
}

/** Sets a control as if a wish had not been made; without a wish, as if none had. */
export function takeBack(control: Control, wish: Wish | undefined): void {
  if (wish === undefined) control.value = '';
  if (wish?.name !== control.name) return;
  const words = listWords(control.value).filter((word) => word !== wish.value);
  control.value = control.name === TEXT ? words.join(' ') : '';
}

/** Tells beside each value of a facet how many rows it would leave. */
export function countOptions(controls: Control[], rows: FilterRow[], wishes: Wish[]): void {
  for (const control of controls) {
    if (!(control instanceof HTMLSelectElement)) continue;
    for (const option of control.options) {
      const { value, dataset } = option;
      if (value === '') continue;
      const count = countValue(rows, wishes, { name: control.name, value });
      option.textContent = `${dataset.label} (${count})`;
    }
  }
}

/** Sets the controls as the address says; what it names and a list does not have counts for nothing. */
export function readAddress(controls: Control[]): void {
  const query = new URLSearchParams(location.search);
  for (const control of controls) {
    control.value = query.get(control.name) ?? '';
    if (control instanceof HTMLSelectElement && control.selectedIndex === -1) control.value = '';
  }
}

/** Keeps in the address what the controls say: it can be shared, and a reader who comes back finds it. */
export function writeAddress(controls: Control[], way: 'pushState' | 'replaceState'): void {
  const address = new URL(location.href);
  for (const { name, value } of controls)
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  if (address.href !== location.href) history[way](null, '', address);
}

const listWords = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);
