import type { Sessions } from '../session-management/session.ts';
import { createEnrolment } from './enrolment.ts';
import { createLogins } from './logins.ts';
import { createProofs, type ProofsOptions } from './proofs.ts';
import {
  createSecondFactors,
  type SecondFactorsOptions,
} from './second-factors.ts';
import { createSecretBox, type Keys } from './secret-box.ts';

export type ServicesOptions = ProofsOptions &
  Omit<SecondFactorsOptions, 'box'> & {
    sessions: Sessions;
    keys: Keys;
    /** The name of your app, as authenticator apps show it. */
    issuer: string;
  };

// #region create-services
/** What your routes need: create it once a process. */
export function createServices(options: ServicesOptions) {
  const box = createSecretBox(options.keys);
  const proofs = createProofs(options);
  const factors = createSecondFactors({ ...options, box });
  const parts = { ...options, box, proofs, factors };
  return {
    ...parts,
    enrolment: createEnrolment(parts),
    logins: createLogins(parts),
  };
}
// #endregion create-services
