import type { HastNode, HastPluginDefinition } from 'satteri';

type Element = Extract<HastNode, { type: 'element' }>;

/** More columns than this do not stand side by side on a phone. */
const COLUMNS_ON_A_PHONE = 3;

/** 2,410 or 1,970 to 2,500 or 1.04×: not to be broken over two lines. */
const NUMBERS = /^\d[\d.,]*( to \d[\d.,]*)?×?$/;

/** Gives each cell of a wide table the name of its column: a phone shows its rows as cards. A table of few columns whose first has no name compares the others: it is made into cards too. */
export const stackableTables: HastPluginDefinition = {
  name: 'stackable-tables',
  element: {
    filter: ['table'],
    visit(table, context) {
      const headers = findCells(table, 'thead', 'th').flat();
      const names = headers.map((header) => context.textContent(header));
      const isNarrow = headers.length <= COLUMNS_ON_A_PHONE;
      const compares = names[0] === '' && headers.length <= COLUMNS_ON_A_PHONE + 1;
      if (isNarrow && !compares) return;
      context.setProperty(table, 'className', compares ? ['stackable', 'compares'] : ['stackable']);
      for (const row of findCells(table, 'tbody', 'td')) {
        for (const [column, cell] of row.entries()) {
          context.setProperty(cell, 'dataLabel', names[column]);
          if (NUMBERS.test(context.textContent(cell))) {
            context.setProperty(cell, 'className', ['number']);
          }
        }
      }
    },
  },
};

/** The cells of each row; what is in a cell is not looked at, for each look reads it from the parser. */
function findCells(table: Readonly<Element>, part: string, cell: string): Element[][] {
  const rows = listChildren(table, part).flatMap((found) => listChildren(found, 'tr'));
  return rows.map((row) => listChildren(row, cell));
}

function listChildren({ children }: Readonly<Element>, tagName: string): Element[] {
  return children.filter(
    (child) => child.type === 'element' && child.tagName === tagName,
  ) as Element[];
}
