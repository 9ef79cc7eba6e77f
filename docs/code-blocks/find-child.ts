import type { h } from '@astrojs/starlight/expressive-code/hast';

type Element = ReturnType<typeof h>;

/** The first child with that tag; a search by selector takes far longer, and is made for each block of code. */
export function findChild(parent: Element | undefined, tagName: string): Element | undefined {
  return parent?.children.find(
    (child): child is Element => child.type === 'element' && child.tagName === tagName,
  );
}
