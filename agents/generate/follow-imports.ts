const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;
const LITERAL = /'([^'\n]+)'/g;

/**
 * The files reached from some files: what they import, and what they name in a string. With
 * `folders`, a folder that is named brings all that is in it.
 */
export function followImports(
  sources: ReadonlyMap<string, string>,
  entries: readonly string[],
  { folders = false } = {},
): Set<string> {
  const reached = new Set<string>();
  for (const entry of entries) visit(entry);
  return reached;

  function visit(path: string): void {
    const text = sources.get(path);
    if (text === undefined || reached.has(path)) return;
    reached.add(path);
    for (const name of listNames(path, text)) {
      visit(name);
      if (folders && isFolderName(name)) for (const file of listFolder(name)) visit(file);
    }
  }

  function listFolder(name: string): string[] {
    const prefix = `${name.replace(/\/$/, '')}/`;
    return [...sources.keys()].filter((path) => path.startsWith(prefix));
  }
}

const isFolderName = (name: string): boolean => /^[a-z0-9-]+\/?$/.test(name);

/** Code names its parts as `./a.ts`, or as `a.ts` beside `import.meta.url` or `.dirname`. */
function listNames(path: string, text: string): string[] {
  if (!path.endsWith('.ts')) return [];
  return [...text.matchAll(LITERAL)].map(([, name = '']) => name.replace(/^\.\//, ''));
}

/** The packages that a file imports: `@scope/name`, `name`; Node's own are left out. */
export function listPackages(text: string): string[] {
  const names = [...text.matchAll(IMPORT)]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !/^(?:node:|\.|\/)/.test(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
  return [...new Set(names)];
}

/** The modules of the kit that a file imports, as `postgres`. */
export function listKitModules(text: string): string[] {
  return [...text.matchAll(/'@touchstone\/kit\/([a-z-]+)'/g)].map(([, name = '']) => name);
}
