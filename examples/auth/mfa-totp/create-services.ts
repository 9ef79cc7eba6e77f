import type { Pool } from 'pg';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { createEnrolment } from './enrolment.ts';
import { createLogins } from './logins.ts';
import {
  createNetworkLimit,
  type NetworkLimitOptions,
} from './network-limit.ts';
import { createProofs, type ProofsOptions } from './proofs.ts';
import {
  createSecondFactors,
  type SecondFactorsOptions,
} from './second-factors.ts';
import { createSecretBox, type Keys } from './secret-box.ts';

export type ServicesOptions = Omit<NetworkLimitOptions, 'pool'> &
  ProofsOptions & {
    pool: Pool;
    keys: Keys;
    log: SecondFactorsOptions['log'];
  };

/** What the routes need, wired once a process. */
export function createServices(options: ServicesOptions) {
  const { pool, keys, log } = options;
  const sessions = createPostgresSessions({ pool });
  const box = createSecretBox(keys);
  const proofs = createProofs(options);
  const networks = createNetworkLimit(options);
  const factors = createSecondFactors({ pool, box, networks, log });
  const issuer = 'Corner Shop';
  return {
    pool,
    sessions,
    factors,
    proofs,
    networks,
    box,
    enrolment: createEnrolment({ pool, box, proofs, issuer }),
    logins: createLogins({
      ...options,
      sessions,
      factors,
      box,
      proofs,
    }),
  };
}

export type Services = ReturnType<typeof createServices>;
