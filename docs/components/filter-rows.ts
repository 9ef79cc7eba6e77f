/** Makes each filter of the page narrow the table behind it. */
export function startFilters(page: Document): void {
  for (const form of page.querySelectorAll<HTMLFormElement>('form.filter')) startFilter(form);
}

function startFilter(form: HTMLFormElement): void {
  const { under } = form.dataset;
  if (under) form.ownerDocument.getElementById(under)?.closest('div')?.after(form);
  form.hidden = false;
  const input = form.querySelector('input');
  const output = form.querySelector('output');
  const rows = [...findTable(form).querySelectorAll<HTMLTableRowElement>('tbody tr')];
  if (!input || !output) return;
  const texts = rows.map((row) => (row.textContent ?? '').toLowerCase());

  function narrow() {
    const words = (input?.value ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [index, row] of rows.entries()) {
      row.hidden = !words.every((word) => texts[index]?.includes(word));
      if (!row.hidden) count++;
    }
    if (output) output.textContent = describeCount(count, form.dataset.noun ?? 'row');
  }

  form.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('input', narrow);
  input.value = new URLSearchParams(location.search).get('q') ?? '';
  narrow();
}

/** The table that follows, which may be in a box of its own. */
function findTable(form: HTMLFormElement): Element {
  for (let next = form.nextElementSibling; next; next = next.nextElementSibling) {
    const table = next.matches('table') ? next : next.querySelector('table');
    if (table) return table;
  }
  throw new Error('no table follows the filter');
}

const describeCount = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
