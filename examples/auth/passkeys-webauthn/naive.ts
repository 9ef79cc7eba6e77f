import {
  type AuthenticationResponseJSON,
  verifyAuthenticationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';

/** A row of the table of passkeys. */
export type Row = WebAuthnCredential & { user: string };

type Site = { origin: string; rpId: string };

/** The tempting way: the right library, as most examples call it. */
export function createNaiveSignIn(
  passkeys: Map<string, Row>,
  { origin, rpId }: Site,
) {
  // #region naive-sign-in
  async function signIn(
    session: { challenge: string },
    response: AuthenticationResponseJSON,
  ) {
    const passkey = passkeys.get(response.id);
    if (!passkey) return;
    const { verified } = await verifyAuthenticationResponse({
      response,
      credential: passkey,
      expectedChallenge: session.challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: false,
    });
    return verified && passkey.user;
  }
  // #endregion naive-sign-in

  return { signIn };
}
