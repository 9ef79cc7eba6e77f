import { readFileSync } from 'node:fs';
import { create, type Font } from 'fontkitten';
import sharp from 'sharp';

/** So many steps from a pixel that is free to one that is covered: edges of letters are smooth. */
export const STEPS = 16;

/** Every glyph of a monospaced font at one size, one below the other. */
export type Glyphs = {
  /** The cell of a glyph, in pixels. */
  width: number;
  height: number;
  /** How much of each pixel is covered, in steps from 0 to `STEPS - 1`, row by row of one glyph after the other. */
  coverage: Uint8Array;
  /** The cell of a code point; the first cell is for those that the font does not have. */
  cells: ReadonlyMap<number, number>;
};

/** Draws the glyphs so that each is `width` pixels wide: lines of text are then cells in a row. */
export async function drawGlyphs(weight: keyof typeof FONTS, width: number): Promise<Glyphs> {
  const font = readFont(weight);
  const points = [0, ...font.characterSet];
  const scale = width / font.glyphForCodePoint(0x6d).advanceWidth;
  const height = Math.ceil((font.ascent - font.descent) * scale);
  const paths = points.map((point, cell) => {
    const { path } = font.glyphForCodePoint(point);
    return path
      .scale(scale, -scale)
      .translate(0, cell * height + font.ascent * scale)
      .toSVG();
  });
  const coverage = await rasterise(paths.join(''), width, height * points.length);
  return { width, height, coverage, cells: new Map(points.map((point, cell) => [point, cell])) };
}

/** The font comes with its package: a machine's own fonts differ. */
const FONTS = {
  400: import.meta.resolve('@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff'),
  700: import.meta.resolve('@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-700-normal.woff'),
};

function readFont(weight: keyof typeof FONTS): Font {
  const font = create(readFileSync(new URL(FONTS[weight])));
  if (font.isCollection) throw new Error('one font was expected, not a collection');
  return font;
}

async function rasterise(path: string, width: number, height: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path fill="#fff" d="${path}"/></svg>`;
  const alpha = await sharp(Buffer.from(svg)).extractChannel('alpha').raw().toBuffer();
  return new Uint8Array(alpha).map((covered) => Math.round((covered / 255) * (STEPS - 1)));
}
