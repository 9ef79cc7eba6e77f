import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { requireUserId } from '../session-management/session.ts';
import { CHALLENGE_MS, createChallenges } from './challenges.ts';
import {
  type Current,
  createPasskeys,
  type PasskeysOptions,
} from './passkeys.ts';

const MAX_PASSKEYS = 20;
// EdDSA, ES256, RS256. The default depends on the version of Node.
const supportedAlgorithmIDs = [-8, -7, -257];

/** How a user who is signed in gets a passkey. */
export function createPasskeyRegistration(options: PasskeysOptions) {
  const { pool, rp, log } = options;
  const { list, requireFresh } = createPasskeys(options);
  const { give, take } = createChallenges(pool);

  /** The options for the browser; `account` is what the user sees. */
  async function begin(current: Current, account: string) {
    await requireFresh(current);
    const passkeys = await list(current.userId);
    if (passkeys.length >= MAX_PASSKEYS)
      throw refuse('too_many_passkeys');
    const registration = await generateRegistrationOptions({
      rpID: rp.id,
      rpName: rp.name,
      // Not the address: a device may show the handle to anyone.
      userID: new TextEncoder().encode(requireUserId(current.userId)),
      userName: account,
      userDisplayName: account,
      timeout: CHALLENGE_MS,
      supportedAlgorithmIDs,
      authenticatorSelection: {
        residentKey: 'required',
        userVerification: 'required',
      },
      excludeCredentials: passkeys.map(({ id }) => ({ id })),
    });
    const { challenge } = registration;
    await give(challenge, 'registration', current.id);
    return registration;
  }

  // #region finish-registration
  /** Adds the passkey to the user whose session asked for it. */
  async function finish(
    { id: session, userId }: Current,
    input: { name: string; response: RegistrationResponseJSON },
  ): Promise<{ id: string; name: string }> {
    const name = readName(input.name);
    const { response } = input;
    const info = await verify(userId, {
      response,
      expectedChallenge: await take(response, 'registration', session),
      expectedOrigin: rp.origins,
      expectedRPID: rp.id,
      requireUserVerification: true,
      supportedAlgorithmIDs,
    });
    // Of the authenticator: the `id` in the answer can be another.
    const { id, publicKey, counter } = info.credential;
    const { rowCount } = await pool.query(
      `insert into passkeys (id, user_id, name, public_key, counter,
         backup_eligible, backed_up)
       select $1, id, $3, $4::bytea, $5::bigint, $6::bool, $7::bool
       from users
       where id = $2 and length($1) <= 1364
         and (select count(*) from passkeys where user_id = $2) < $8
       on conflict (id) do nothing`,
      [
        id,
        userId,
        name,
        publicKey,
        counter,
        info.credentialDeviceType === 'multiDevice',
        info.credentialBackedUp,
        MAX_PASSKEYS,
      ],
    );
    if (rowCount === 1) return { id, name };
    throw refuse('passkey_not_added');
  }
  // #endregion finish-registration

  async function verify(
    userId: string,
    options: Parameters<typeof verifyRegistrationResponse>[0],
  ) {
    try {
      const verdict = await verifyRegistrationResponse(options);
      if (verdict.verified) return verdict.registrationInfo;
      throw new Error('wrong attestation');
    } catch (error) {
      log.warn('passkey refused', { userId, reason: `${error}` });
      throw refuse('passkey_refused');
    }
  }

  return { begin, finish };
}

/** For a person to read: no control characters, and one form of é. */
function readName(text: string): string {
  const name = `${text}`.normalize('NFC').trim();
  if (/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name)) return name;
  throw new HttpProblem(400, 'invalid_name', 'Send 1 to 100 letters');
}

const ADVICE = {
  too_many_passkeys: 'Remove a passkey first',
  passkey_not_added: 'It is known already, or you have too many',
  passkey_refused: 'Try again, or use another device',
};

function refuse(code: keyof typeof ADVICE): HttpProblem {
  return new HttpProblem(409, code, ADVICE[code]);
}
