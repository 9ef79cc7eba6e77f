import major from 'semver/functions/major.js';
import minor from 'semver/functions/minor.js';
import satisfies from 'semver/functions/satisfies.js';
import intersects from 'semver/ranges/intersects.js';
import validRange from 'semver/ranges/valid.js';

const OPTIONS = { includePrerelease: true };

/** Whether a package.json allows a version: `^5.2.0` and `npm:express@5` do allow 5.2.1. */
export function allowsVersion(wanted: string, version: string): boolean {
  const range = readRange(wanted);
  return range !== undefined && satisfies(version, range, OPTIONS);
}

/**
 * Whether a package.json rules out each version that is compatible with this one: the same major,
 * and below 1.0 the same minor. What package.json does not say, as with `catalog:`, is not ruled out.
 */
export function excludesCompatible(wanted: string, version: string): boolean {
  const range = readRange(wanted);
  return range !== undefined && !intersects(range, listCompatible(version), OPTIONS);
}

const listCompatible = (version: string): string =>
  major(version) > 0 ? `${major(version)}.x` : `0.${minor(version)}.x`;

/** Undefined for a tag, an address, a file, and what a workspace decides. */
function readRange(wanted: string): string | undefined {
  const range = wanted.replace(/^npm:@?[^@]+@|^workspace:(?=.*\d)/, '');
  return validRange(range, OPTIONS) ?? undefined;
}
