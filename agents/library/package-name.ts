/** The name of this package on npm: every text and every copied import has it from here. */
export const PACKAGE = '@touchstone-patterns/cli';

/** How its command is run where it may not be installed; `touchstone` alone would be somebody else's package. */
export const NPX = `npx ${PACKAGE}`;

/** How the package comes into a project as long as npm does not have it. */
export const INSTALL =
  'run `npm pack ./agents` in a clone of Touchstone, then `npm install --save-dev <the file>` in the project (it is not on npm yet)';
