/** Lets the keyboard reach, and so scroll, each table that is wider than its place; not every browser does by itself. */
export function reachScrollingTables(page: Document): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (target.scrollWidth > target.clientWidth) target.setAttribute('tabindex', '0');
      else target.removeAttribute('tabindex');
  });
  for (const table of page.querySelectorAll('.sl-markdown-content table')) observer.observe(table);
}
