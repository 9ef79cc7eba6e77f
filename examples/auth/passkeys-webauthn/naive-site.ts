import { randomBytes } from 'node:crypto';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { createNaiveSignIn, type Row } from './naive.ts';
import {
  createAuthenticator,
  type Faults,
} from './test-authenticator.ts';

const origin = 'https://shop.example.com';
const rpId = 'shop.example.com';

/** Ada's passkey, with counter 5, at the naive site. */
export async function openNaiveSite() {
  const key = createAuthenticator(origin);
  const challenge = randomBytes(32).toString('base64url');
  const user = { id: 'YWRh' };
  const { registrationInfo } = await verifyRegistrationResponse({
    response: key.create({ challenge, user }, { counter: 5 }),
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
  });
  if (!registrationInfo) throw new Error('not registered');
  const { credential } = registrationInfo;
  const rows = new Map<string, Row>([
    [key.id, { ...credential, user: 'ada' }],
  ]);
  const { signIn } = createNaiveSignIn(rows, { origin, rpId });
  const session = { challenge };
  return {
    answer: (faults?: Faults) => key.get(session, faults),
    signIn: (response: ReturnType<typeof key.get>) =>
      signIn(session, response),
  };
}
