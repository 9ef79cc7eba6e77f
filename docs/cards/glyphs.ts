import { readFileSync } from 'node:fs';
import { create, type Font } from 'fontkitten';
import sharp from 'sharp';

/** Every glyph of a monospaced font at one size, side by side in one strip. */
export type Glyphs = {
  /** The cell of a glyph, in pixels. */
  width: number;
  height: number;
  /** How much of each pixel is covered, 0 to 255, row by row of the strip. */
  coverage: Uint8Array;
  stride: number;
  /** The cell of a code point; the first cell is for those that the font does not have. */
  cells: ReadonlyMap<number, number>;
};

/** Draws the glyphs so that each is `width` pixels wide: lines of text are then cells in a row. */
export async function drawGlyphs(weight: keyof typeof FONTS, width: number): Promise<Glyphs> {
  const font = readFont(weight);
  const points = [0, ...font.characterSet];
  const scale = width / font.glyphForCodePoint(0x6d).advanceWidth;
  const height = Math.ceil((font.ascent - font.descent) * scale);
  const stride = width * points.length;
  const paths = points.map((point, cell) => {
    const { path } = font.glyphForCodePoint(point);
    return path
      .scale(scale, -scale)
      .translate(cell * width, font.ascent * scale)
      .toSVG();
  });
  const coverage = await rasterise(paths.join(''), stride, height);
  return { width, height, coverage, stride, cells: new Map(points.map((point, i) => [point, i])) };
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
  return await sharp(Buffer.from(svg)).extractChannel('alpha').raw().toBuffer();
}
