import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  type VerifiedAuthenticationResponse,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { isUuid, shorten } from '../session-management/session.ts';
import { CHALLENGE_MS, createChallenges } from './challenges.ts';
import { isBase64url, type PasskeysOptions } from './passkeys.ts';

/** Sign-in without a name: the browser finds the passkey. */
export function createPasskeySignIn(options: PasskeysOptions) {
  const { pool, sessions, rp, log } = options;
  const { give, take } = createChallenges(options);

  /** The options for a browser, which has or gets a secret of its own. */
  async function begin(browser: string) {
    const signIn = await generateAuthenticationOptions({
      rpID: rp.id,
      timeout: CHALLENGE_MS,
      userVerification: 'required',
    });
    await give(signIn.challenge, `sign-in ${browser}`);
    return signIn;
  }

  // #region finish-sign-in
  /** The token of a new session. */
  async function finish(
    answer: AuthenticationResponseJSON,
    { browser, device }: { browser: string; device: string },
  ): Promise<string> {
    const challenge = await take(answer, `sign-in ${browser}`);
    const owner = readOwner(answer);
    const passkey = await find(owner);
    if (!passkey) throw refuse(owner, 'unknown');
    const verdict = await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge: challenge,
      expectedOrigin: rp.origins,
      expectedRPID: rp.id,
      requireUserVerification: true,
      // The update below compares counters, after the signature.
      credential: { id: owner.id, publicKey: passkey.key, counter: 0 },
    }).catch((error) => {
      throw refuse(owner, shorten(`${error}`));
    });
    const { verified, authenticationInfo: info } = verdict;
    if (!verified) throw refuse(owner, 'wrong signature');
    const isSynced = info.credentialDeviceType === 'multiDevice';
    if (isSynced !== passkey.isSynced)
      throw refuse(owner, 'other kind');
    const { userId } = owner;
    const token = await sessions.begin({ userId, device });
    // Now: a removal ends the sessions that have begun before it.
    if (await use(owner, info)) return token;
    await sessions.logout(token);
    throw refuse(owner, (await find(owner)) ? 'counter' : 'removed');
  }
  // #endregion finish-sign-in

  // #region use-passkey
  /** One update decides: a counter goes up, or is always 0. */
  async function use({ id, userId }: Owner, info: Info) {
    const { rowCount } = await pool.query(
      `update passkeys
       set counter = $3, backed_up = $4, used_at = now()
       where id = $1 and user_id = $2
         and (counter < $3 or (counter = 0 and $3 = 0))`,
      [id, userId, info.newCounter, info.credentialBackedUp],
    );
    return rowCount === 1;
  }
  // #endregion use-passkey

  async function find({ id, userId }: Owner) {
    const { rows } = await pool.query<Found>(
      `select public_key as key, backup_eligible as "isSynced"
       from passkeys
       where id = $1 and user_id = $2`,
      [id, userId],
    );
    return rows[0];
  }

  /** All that the caller learns is the same. */
  function refuse(details: object, reason: string): HttpProblem {
    log.warn('passkey refused', { ...details, reason });
    return new HttpProblem(401, 'passkey_refused', 'Try another one');
  }

  function readOwner({ id, response }: AuthenticationResponseJSON) {
    const handle = response.userHandle;
    if (isBase64url(id) && isBase64url(handle)) {
      const userId = Buffer.from(handle, 'base64url').toString();
      if (isUuid(userId)) return { id, userId };
    }
    throw refuse({}, 'not an ID, or not a user handle of ours');
  }

  return { begin, finish };
}

type Owner = { id: string; userId: string };
type Found = { key: Uint8Array<ArrayBuffer>; isSynced: boolean };
type Info = VerifiedAuthenticationResponse['authenticationInfo'];
