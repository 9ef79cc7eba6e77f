/** Where the YAML of a page is: its offsets, the offset after it, and its lines with both rules. */
export type Frontmatter = { start: number; end: number; next: number; lines: number };

/** Finds the frontmatter: between a first line `---` and the next one. */
export function findFrontmatter(text: string): Frontmatter | undefined {
  const from = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  if (!isRule(text, from)) return undefined;
  const start = nextLine(text, from);
  let lines = 1;
  for (let at = start; at < text.length; at = nextLine(text, at)) {
    lines++;
    if (isRule(text, at)) return { start, end: at, next: nextLine(text, at), lines };
  }
  return undefined;
}

/** The offset at which the line after the one at `at` begins, or the end of the text. */
function nextLine(text: string, at: number): number {
  const feed = text.indexOf('\n', at);
  return feed === -1 ? text.length : feed + 1;
}

const isRule = (text: string, at: number): boolean =>
  text.startsWith('---', at) && /^---[ \t\r]*(?:\n|$)/.test(text.slice(at, at + 80));
