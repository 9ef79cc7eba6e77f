import type { Library } from '../library/open-library.ts';
import { PACKAGE } from '../library/package-name.ts';
import type { PatternManifest } from '../library/types.ts';
import type { PackageChange } from './package-json.ts';

/** The packages that the patterns ask for, and with the tests of some of them those of the tests. */
export function collectPackages(
  { version }: Pick<Library, 'version'>,
  manifests: PatternManifest[],
  tested: ReadonlySet<string>,
): PackageChange {
  const dependencies = Object.assign({}, ...manifests.map((one) => one.dependencies));
  const withTests = manifests.filter(({ id }) => tested.has(id));
  const forTests = withTests.map((one) => ({ ...one.testDependencies }));
  const devDependencies = Object.assign(
    {},
    ...manifests.map((one) => one.devDependencies),
    ...forTests,
    withTests.length > 0 ? { [PACKAGE]: version } : {},
  );
  for (const name of Object.keys(dependencies)) delete devDependencies[name];
  const needless = manifests.flatMap((one) => one.needlessScripts);
  const present = needless.filter((name) => name in dependencies || name in devDependencies);
  const allowScripts = Object.fromEntries(present.map((name) => [name, false]));
  return { dependencies, devDependencies, allowScripts };
}
