import type { HastNode, HastPluginDefinition } from 'satteri';

type Element = Extract<HastNode, { type: 'element' }>;

/** More columns than this do not stand side by side on a phone. */
const COLUMNS_ON_A_PHONE = 3;

/** 2,410 or 1,970 to 2,500 or 1.04×: not to be broken over two lines. */
const NUMBERS = /^\d[\d.,]*( to \d[\d.,]*)?×?$/;

/** Gives each cell of a wide table the name of its column: a phone shows its rows as cards. */
export const stackableTables: HastPluginDefinition = {
  name: 'stackable-tables',
  element: {
    filter: ['table'],
    visit(table, context) {
      const headers = findAll(table, 'th').map((header) => context.textContent(header));
      if (headers.length <= COLUMNS_ON_A_PHONE) return;
      context.setProperty(table, 'className', ['stackable']);
      for (const row of findAll(table, 'tr')) {
        for (const [column, cell] of findAll(row, 'td').entries()) {
          context.setProperty(cell, 'dataLabel', headers[column]);
          if (NUMBERS.test(context.textContent(cell))) {
            context.setProperty(cell, 'className', ['number']);
          }
        }
      }
    },
  },
};

function findAll(node: Readonly<HastNode>, tagName: string): Element[] {
  if (!('children' in node)) return [];
  return node.children.flatMap((child) => [
    ...(child.type === 'element' && child.tagName === tagName ? [child] : []),
    ...findAll(child, tagName),
  ]);
}
