import { expect, it } from 'vitest';
import { isPattern } from '../helpers/built-site.ts';
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

it.each(listChosenPages())('%s draws what can be read at 390 and at 320 pixels', async (path) => {
  await using page = await open(path, { viewport: phone });
  expect(await page.evaluate(listDiagramFaults)).toEqual([]);

  await page.setViewportSize(narrow);
  expect(await page.evaluate(listDiagramFaults)).toEqual([]);
});

it.each(listChosenPages())('%s covers no code on a touch screen', async (path) => {
  await using page = await open(path, { viewport: phone, hasTouch: true, isMobile: true });
  expect(await page.evaluate(listCoveredCode)).toEqual([]);
});

it.each(listChosenPages().filter(isPattern))('%s shows tests inside the screen', async (path) => {
  await using page = await open(path, { viewport: narrow });
  await page.locator('.proven-by').last().click();
  const note = await page.locator('.proof-note:popover-open').boundingBox();
  expect(note?.x).toBeGreaterThanOrEqual(0);
  expect((note?.x ?? 0) + (note?.width ?? 0)).toBeLessThanOrEqual(narrow.width);
  expect(note?.y).toBeGreaterThanOrEqual(0);
  expect((note?.y ?? 0) + (note?.height ?? 0)).toBeLessThanOrEqual(narrow.height);
});

/** Runs in the page: labels of drawings that are too small, reach out of the drawing, or into another. */
function listDiagramFaults(): string[] {
  const faults = [];
  for (const diagram of document.querySelectorAll('.diagram [role=img]')) {
    const frame = diagram.getBoundingClientRect();
    const labels = [...diagram.querySelectorAll('b, span')];
    const boxes = labels.map((label) => label.getBoundingClientRect());
    for (const [index, label] of labels.entries()) {
      const { left, right, top, bottom } = boxes[index] ?? frame;
      const size = Number.parseFloat(getComputedStyle(label).fontSize);
      if (size < 11) faults.push(`${size} pixels: ${label.textContent}`);
      if (
        left < frame.left - 1 ||
        right > frame.right + 1 ||
        (label.scrollWidth > label.clientWidth + 1 && label.clientWidth > 0)
      )
        faults.push(`cut: ${label.textContent}`);
      const isHit = boxes.some(
        (box, other) =>
          other < index &&
          Math.min(box.right, right) - Math.max(box.left, left) > 1 &&
          Math.min(box.bottom, bottom) - Math.max(box.top, top) > 1,
      );
      if (isHit) faults.push(`covers another: ${label.textContent}`);
    }
  }
  return faults;
}

/** Runs in the page: buttons that are over the first line of their code. */
function listCoveredCode(): string[] {
  return [...document.querySelectorAll('main .expressive-code')].flatMap((block) => {
    const line = block.querySelector('.ec-line')?.getBoundingClientRect();
    const button = block.querySelector('.copy button')?.getBoundingClientRect();
    if (!line || !button || button.bottom <= line.top + 1) return [];
    return `${block.textContent?.slice(0, 40)}`;
  });
}

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
