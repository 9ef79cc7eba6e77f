import { wrapText } from '../text/wrap-text.ts';
import { encodePng } from './encode-png.ts';
import { drawGlyphs, type Glyphs, STEPS } from './glyphs.ts';

/** What the picture of a page says. */
export type Card = {
  title: string;
  description: string;
  /** Above the title: `Jobs · level 4 production`. */
  kind: string;
  /** At the bottom right: `10 failures tested`. */
  proven: string;
};

/** Draws a card as PNG. */
export type DrawCard = (card: Card) => Buffer;

const CARD_WIDTH = 1200;
const CARD_HEIGHT = 630;

/** What the encoder reads as a row: a byte for the filter, and the pixels. */
const ROW = 1 + CARD_WIDTH;

const MARGIN = 80;
const ROOM = CARD_WIDTH - 2 * MARGIN;
const BACKGROUND = [23, 24, 28] as const;
const COLOURS = { white: [255, 255, 255], grey: [192, 194, 199], gold: [242, 182, 50] } as const;
type Colour = keyof typeof COLOURS;

const NAMES = Object.keys(COLOURS) as Colour[];

/** Draws the letters once, so that a card takes two milliseconds. */
export async function prepareCards(brand: string): Promise<DrawCard> {
  const fonts = { large: await drawGlyphs(700, 36), small: await drawGlyphs(400, 18) };
  const rows = new Uint8Array(ROW * CARD_HEIGHT);
  return function drawCard(card) {
    rows.fill(0);
    drawStreak(rows);
    for (const line of [...layOutText(card, fonts), ...layOutEnds(card, brand, fonts)])
      writeLine(rows, line);
    return encodePng({ width: CARD_WIDTH, height: CARD_HEIGHT, rows, palette });
  };
}

type Fonts = { large: Glyphs; small: Glyphs };

/** A line of text and where the top left corner of its first glyph is. */
type Line = { text: string; glyphs: Glyphs; colour: Colour; x: number; y: number };

/** The title in at most three lines, and the description in as many as stay free below it. */
function layOutText({ title, description }: Card, { large, small }: Fonts): Line[] {
  const titleLines = wrapText(title, ROOM / large.width, 3);
  const top = 172 + 72 * titleLines.length;
  return [
    ...titleLines.map((text, index) => {
      return { text, glyphs: large, colour: 'white' as const, x: MARGIN, y: 140 + 72 * index };
    }),
    ...wrapText(description, ROOM / small.width, 6 - titleLines.length).map((text, index) => {
      return { text, glyphs: small, colour: 'grey' as const, x: MARGIN, y: top + 44 * index };
    }),
  ];
}

/** The text above the title, and the text at the foot. */
function layOutEnds({ kind, proven }: Card, brand: string, { small: glyphs }: Fonts): Line[] {
  const right = CARD_WIDTH - MARGIN - proven.length * glyphs.width;
  return [
    { text: kind, glyphs, colour: 'gold', x: MARGIN, y: 78 },
    { text: brand, glyphs, colour: 'gold', x: MARGIN, y: 544 },
    { text: proven, glyphs, colour: 'white', x: right, y: 544 },
  ];
}

function writeLine(rows: Uint8Array, { text, glyphs, colour, x, y }: Line): void {
  const room = Math.floor((CARD_WIDTH - x) / glyphs.width);
  for (const [index, character] of [...text].slice(0, room).entries())
    writeGlyph(rows, character, { glyphs, colour, x: x + index * glyphs.width, y });
}

function writeGlyph(
  rows: Uint8Array,
  character: string,
  { glyphs, colour, x, y }: Omit<Line, 'text'>,
): void {
  const { width, height, coverage, cells } = glyphs;
  const cell = cells.get(character.codePointAt(0) ?? 0) ?? 0;
  const first = NAMES.indexOf(colour) * STEPS;
  for (let row = 0; row < height; row++) {
    const from = (cell * height + row) * width;
    const to = (y + row) * ROW + 1 + x;
    for (let column = 0; column < width; column++) {
      const step = coverage[from + column] ?? 0;
      if (step > 0) rows[to + column] = first + step;
    }
  }
}

/** The streak that gold leaves on the stone. */
function drawStreak(rows: Uint8Array): void {
  const gold = NAMES.indexOf('gold') * STEPS + STEPS - 1;
  for (let y = 0; y < 12; y++) rows.fill(gold, y * ROW + 1, (y + 1) * ROW);
}

const palette = NAMES.flatMap((name) =>
  Array.from({ length: STEPS }, (_, step) => mix(COLOURS[name], step / (STEPS - 1))),
);

function mix([red, green, blue]: readonly [number, number, number], share: number) {
  const [darkRed, darkGreen, darkBlue] = BACKGROUND;
  const between = (dark: number, light: number) => Math.round(dark + share * (light - dark));
  return [between(darkRed, red), between(darkGreen, green), between(darkBlue, blue)] as const;
}
