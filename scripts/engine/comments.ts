/** How a comment opens and, where it must, closes on the same line. */
export type CommentStyle = { open: string; close: string };

const SLASHES: CommentStyle = { open: '//', close: '' };
const DASHES: CommentStyle = { open: '--', close: '' };
const HASH: CommentStyle = { open: '#', close: '' };
const ARROWS: CommentStyle = { open: '<!--', close: '-->' };
const STARS: CommentStyle = { open: '/*', close: '*/' };

/** Every style there is, the longer opening first, so that `--` never hides in `<!--`. */
export const COMMENT_STYLES: CommentStyle[] = [ARROWS, SLASHES, STARS, DASHES, HASH];

/**
 * The families. The first style of a row is the file's own, which fixes are written in. TypeScript
 * has `--` as well: SQL stands there in template literals, and its highlights must be SQL.
 * Plain JSON is not here: it holds no comments, so it is shown whole or not at all.
 */
const FAMILIES: [styles: CommentStyle[], kinds: string][] = [
  [[SLASHES, DASHES], 'ts tsx mts cts js jsx mjs cjs jsonc json5 proto prisma'],
  [[SLASHES], 'go java kt rs c h cpp cs swift php dart'],
  [[DASHES], 'sql lua'],
  [[HASH], 'sh bash zsh yaml yml toml py rb conf cfg ini env properties tf hcl graphql'],
  [[HASH], 'dockerfile makefile caddyfile gitignore dockerignore npmrc acl'],
  [[ARROWS], 'html md xml svg'],
  [[STARS], 'css'],
];

const STYLES_OF_KIND = new Map(
  FAMILIES.flatMap(([styles, kinds]) => kinds.split(' ').map((kind) => [kind, styles] as const)),
);

/** The comment styles of a file, its own first; none when the file cannot hold regions. */
export function commentStyles(path: string): CommentStyle[] {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const [stem = ''] = name.split('.', 1);
  return (
    STYLES_OF_KIND.get(name.slice(name.lastIndexOf('.') + 1)) ?? STYLES_OF_KIND.get(stem) ?? []
  );
}

/** The text as a comment of that style. */
export function writeComment(style: CommentStyle, text: string): string {
  return style.close === '' ? `${style.open} ${text}` : `${style.open} ${text} ${style.close}`;
}
