import { readFile } from 'node:fs/promises';
import { openBreachFilter } from './breach-filter.ts';
import { createBreachList } from './breach-list.ts';
import {
  createPasswordPolicy,
  type PasswordPolicyOptions,
} from './password-policy.ts';

type Options = Pick<PasswordPolicyOptions, 'log'> & {
  filterFile: string | URL;
  /** A copy of Pwned Passwords in your network. */
  ownUrl?: string;
};

// #region create-policy
/** Once, when the app starts; close the list when it stops. */
export async function createPolicy({
  ownUrl,
  filterFile,
  log,
}: Options) {
  // First: a list that is never used would stay open.
  const filter = openBreachFilter(await readFile(filterFile));
  const list = createBreachList({
    userAgent: 'Acme Cloud',
    // Other addresses than those of the internet only for your own.
    ...(ownUrl && { url: ownUrl, allowAddress: () => true }),
  });
  const words = ['Acme Cloud'];
  const policy = createPasswordPolicy({ list, filter, words, log });
  return { policy, list };
}
// #endregion create-policy
