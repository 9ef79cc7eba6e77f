type Side = { name: string; figure: HTMLElement };

/** Puts a switch over each block of code that is to be compared: it shows the other block in its place. */
export function startComparing(page: Document): void {
  for (const figure of page.querySelectorAll<HTMLElement>('figure[data-versus]')) {
    const other = find(page, figure.dataset.versus ?? '');
    if (other) addSwitch(figure, other);
  }
}

function find(page: Document, shown: string): HTMLElement | null {
  return page.querySelector(`figure[data-shows="${CSS.escape(shown)}"]:not([data-versus])`);
}

/** Both are in one cell of a grid, so that nothing below moves when they change places. */
function addSwitch(own: HTMLElement, other: HTMLElement): void {
  const sides = [
    { name: 'This pattern', figure: own },
    { name: nameOther(other), figure: cloneBlock(other) },
  ];
  const group = document.createElement('div');
  group.className = 'versus';
  const bar = document.createElement('div');
  bar.className = 'not-content';
  bar.role = 'group';
  bar.ariaLabel = 'Compare';
  const buttons = sides.map((side) => createButton(side));
  bar.append(...buttons);
  own.replaceWith(group);
  group.append(bar, ...sides.map(({ figure }) => figure));
  for (const [index, button] of buttons.entries())
    button.addEventListener('click', () => show(index));
  show(0);

  function show(chosen: number) {
    for (const [index, { figure }] of sides.entries()) {
      figure.inert = index !== chosen;
      buttons[index]?.setAttribute('aria-pressed', `${index === chosen}`);
    }
  }
}

function createButton({ name }: Side): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  return button;
}

function nameOther({ dataset: { shows = '' } }: HTMLElement): string {
  return shows.startsWith('naive') ? 'The naive way' : shows;
}

/** The marks of its gutter open the notes of the block that it is a copy of. */
function cloneBlock(figure: HTMLElement): HTMLElement {
  const clone = figure.cloneNode(true) as HTMLElement;
  clone.removeAttribute('id');
  for (const note of clone.querySelectorAll('.proof-note')) note.remove();
  return clone;
}
