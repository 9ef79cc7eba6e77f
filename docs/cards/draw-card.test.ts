import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DrawCard, prepareCards } from './draw-card.ts';

const card = { title: 'Jobs', description: 'Each is done once.', kind: 'Jobs', proven: '' };

describe('a card', () => {
  let draw: DrawCard;

  beforeAll(async () => {
    draw = await prepareCards('Touchstone');
  });

  it('is a PNG that another program reads', async () => {
    const { data, info } = await read(draw(card));
    expect(info).toMatchObject({ width: 1200, height: 630, channels: 3 });
    expect([...data.subarray(0, 3)]).toEqual([242, 182, 50]);
    expect([...data.subarray(-3)]).toEqual([23, 24, 28]);
  });

  it('has its title in white, as wide as its letters', async () => {
    const columns = await findWhite(draw(card));
    expect(columns.first).toBeGreaterThanOrEqual(80);
    expect(columns.last).toBeLessThan(80 + 36 * card.title.length);
    expect(columns.last).toBeGreaterThan(80 + 36 * (card.title.length - 1));
  });

  it('keeps inside its margins what is too long', async () => {
    const words = 'seventeen letters '.repeat(20);
    const columns = await findWhite(draw({ ...card, title: words, description: words }));
    expect(columns.last).toBeLessThan(1200 - 80);
  });

  it('draws the same card from the same words', () => {
    expect(draw(card).equals(draw(card))).toBe(true);
    expect(draw(card).equals(draw({ ...card, title: 'Job' }))).toBe(false);
  });
});

const read = (png: Buffer) => sharp(png).raw().toBuffer({ resolveWithObject: true });

/** The first and the last column that has a white pixel. */
async function findWhite(png: Buffer): Promise<{ first: number; last: number }> {
  const { data, info } = await read(png);
  const columns: number[] = [];
  for (let pixel = 0; pixel < data.length / 3; pixel++)
    if (data.subarray(3 * pixel, 3 * pixel + 3).every((value) => value === 255))
      columns.push(pixel % info.width);
  return { first: Math.min(...columns), last: Math.max(...columns) };
}
