const WORDS = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';

/** A pattern's id: `<area>/<slug>`, each in lower case with hyphens between words. */
export const PATTERN_ID = new RegExp(`^${WORDS}/${WORDS}$`);

/** The area of a pattern: the part of its id before the slash. */
export const areaOf = (id: string): string => id.split('/', 1)[0] ?? '';

/** The slug of a pattern: the part of its id after the slash. */
export const slugOf = (id: string): string => id.slice(id.indexOf('/') + 1);

/** The path of a pattern's page in the repository. */
export const pagePath = (id: string): string => `patterns/${id}.md`;

/** The path of a pattern's example in the repository, or of a file in it. */
export const examplePath = (id: string, file?: string): string =>
  file === undefined ? `examples/${id}` : `examples/${id}/${file}`;

/** A pattern, and the file of its example; undefined for its page. */
export type PatternFile = { id: string; file: string | undefined };

const FILE = /^(?:patterns\/([^/]+\/[^/]+)\.md|examples\/(?!kit\/)([^/]+\/[^/]+)\/(.+))$/;

/** The pattern whose page or example has the file at a path of the repository; undefined for other files. */
export function findPatternFile(path: string): PatternFile | undefined {
  const [, page, example, file] = FILE.exec(path.replaceAll('\\', '/')) ?? [];
  const id = page ?? example;
  return id === undefined ? undefined : { id, file };
}
