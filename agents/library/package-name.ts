/** The name of this package on npm: every text and every copied import has it from here. */
export const PACKAGE = '@touchstone-patterns/cli';

/** How its command is run where it may not be installed; `touchstone` alone would be somebody else's package. */
export const NPX = `npx ${PACKAGE}`;

/** How the package comes into a project as long as npm does not have it: the first command runs in a clone. */
export const FROM_CLONE = {
  pack: 'npm pack ./agents',
  install: 'npm install --save-dev <the file>',
};

/** The same as part of a sentence. */
export const INSTALL = `run \`${FROM_CLONE.pack}\` in a clone of Touchstone, then \`${FROM_CLONE.install}\` in the project (it is not on npm yet)`;
