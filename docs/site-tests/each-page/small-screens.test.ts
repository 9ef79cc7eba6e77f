import { expect, it } from 'vitest';
import { listChosenPages } from '../helpers/chosen-pages.ts';
import { openSite, phone } from '../helpers/open-site.ts';

/** What 1280 pixels become at 400 %. */
const narrow = { width: 320, height: 640 };

const { open } = openSite();

it.each(listChosenPages())(
  '%s loses nothing at 320 pixels, nor with text twice as large',
  async (path) => {
    await using page = await open(path, { viewport: narrow });
    expect(await page.evaluate(listLosses)).toEqual([]);

    await page.setViewportSize(phone);
    await page.addStyleTag({ content: 'html { font-size: 200% }' });
    expect(await page.evaluate(listLosses)).toEqual([]);
  },
);

/** Runs in the page: what sticks out of it, what is cut off, and which links something else covers. */
function listLosses(): string[] {
  const losses = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) losses.push(`the page is ${scrollWidth} pixels wide`);
  const name = (element: Element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`;
  const isShown = (element: Element) => element.checkVisibility({ visibilityProperty: true });
  for (const element of [...document.querySelectorAll('body *')].filter(isShown)) {
    const { overflowX, textOverflow } = getComputedStyle(element);
    const isCut = /hidden|clip/.test(overflowX) && textOverflow !== 'ellipsis';
    if (isCut && element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1)
      losses.push(`cut off: ${name(element)}`);
  }
  for (const link of [...document.querySelectorAll('main a, header a, header button')].filter(
    isShown,
  )) {
    link.scrollIntoView({ block: 'center', inline: 'center' });
    const [box] = link.getClientRects();
    if (!box || box.width <= 1) continue;
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!hit || !(link.contains(hit) || hit.contains(link))) losses.push(`covered: ${name(link)}`);
  }
  return losses;
}
