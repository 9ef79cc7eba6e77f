/** A package as package-lock.json has it. */
export type LockedPackage = { name: string; version: string; integrity: string };

/** The packages of a lock that a folder of the repository gets for a name, or for `@scope/*`. */
export type FindLocked = (folder: string, name: string) => LockedPackage[];

type Entry = { version?: string; integrity?: string; link?: boolean };

/** Reads a package-lock.json; where there is none, no package is found. */
export function readPackageLock(text: string | undefined): FindLocked {
  const { packages } = JSON.parse(text ?? '{"packages":{}}') as { packages: Record<string, Entry> };
  const paths = Object.keys(packages);

  function find(folder: string, name: string): LockedPackage | undefined {
    const path = listFolders(folder)
      .map((parent) => `${parent}node_modules/${name}`)
      .find((candidate) => Object.hasOwn(packages, candidate));
    const { version, integrity = '' } = packages[path ?? ''] ?? {};
    return path === undefined || version === undefined ? undefined : { name, version, integrity };
  }

  /** Only those at the root: what a scope holds for other systems is there too. */
  function listScope(scope: string): string[] {
    const prefix = `node_modules/${scope}`;
    return paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(13));
  }

  return function findLocked(folder, name) {
    const names = name.endsWith('/*') ? listScope(name.slice(0, -1)) : [name];
    return names.flatMap((one) => find(folder, one) ?? []);
  };
}

/** The folder and those around it, as Node looks for packages, each with the slash after it. */
function listFolders(folder: string): string[] {
  const parts = folder.split('/');
  const parents = parts.map((_, index) => `${parts.slice(0, parts.length - index).join('/')}/`);
  return [...parents, ''];
}
