import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import * as helpers from '@simplewebauthn/server/helpers';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { shorten } from '../session-management/session.ts';
import { CHALLENGE_MS, createChallenges } from './challenges.ts';
import {
  type Current,
  createPasskeys,
  type PasskeysOptions,
} from './passkeys.ts';

// EdDSA, ES256, RS256. The default depends on the version of Node.
const supportedAlgorithmIDs = [-8, -7, -257];

/** How a user who is signed in gets a passkey. */
export function createPasskeyRegistration(options: PasskeysOptions) {
  const { pool, rp, log } = options;
  const { list, requireFresh } = createPasskeys(options);
  const { give, take } = createChallenges(options);

  /** The options for the browser; `account` is what the user sees. */
  async function begin(current: Current, account: string) {
    await requireFresh(current);
    const passkeys = await list(current.userId);
    const registration = await generateRegistrationOptions({
      rpID: rp.id,
      rpName: rp.name,
      // Not the address: a device may show the handle to anyone.
      userID: new TextEncoder().encode(current.userId),
      userName: account,
      timeout: CHALLENGE_MS,
      supportedAlgorithmIDs,
      authenticatorSelection: {
        residentKey: 'required',
        userVerification: 'required',
      },
      excludeCredentials: passkeys.map(({ id }) => ({ id })),
    });
    await give(registration.challenge, `registration ${current.id}`);
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
    const challenge = await take(response, `registration ${session}`);
    const info = await verify({
      response,
      expectedChallenge: challenge,
      expectedOrigin: rp.origins,
      expectedRPID: rp.id,
      requireUserVerification: true,
      supportedAlgorithmIDs,
    }).catch((error) => {
      const reason = shorten(`${error}`);
      log.warn('passkey refused', { userId, reason });
      throw refuse('passkey_refused');
    });
    // Of the authenticator: the `id` in the answer can be another.
    const { id, publicKey, counter } = info.credential;
    const { rowCount } = await pool.query(
      `insert into passkeys (id, user_id, name, public_key, counter,
         backup_eligible, backed_up)
       select $1, user_id, $2, $3::bytea, $4::bigint, $5::bool, $6::bool
       from sessions
       where id = $7
         and length($1) <= 1364 and length($3::bytea) <= 2048
         and (select count(*) from passkeys where user_id = $8) < 20
       for key share
       on conflict (id) do nothing`,
      [
        id,
        name,
        publicKey,
        counter,
        info.credentialDeviceType === 'multiDevice',
        info.credentialBackedUp,
        session,
        userId,
      ],
    );
    if (rowCount === 1) return { id, name };
    throw refuse('passkey_not_added');
  }
  // #endregion finish-registration

  return { begin, finish };
}

type Options = Parameters<typeof verifyRegistrationResponse>[0];

/** Of a certificate, the library would fetch each address in it. */
async function verify(options: Options) {
  const { attestationObject } = options.response.response;
  const attestation = helpers.decodeAttestationObject(
    helpers.isoBase64URL.toBuffer(attestationObject),
  );
  const format = attestation.get('fmt');
  const certificates = attestation.get('attStmt').get('x5c');
  if (format !== 'none' && (format !== 'packed' || certificates))
    throw new Error('an attestation that was not asked for');
  const verdict = await verifyRegistrationResponse(options);
  if (verdict.verified) return verdict.registrationInfo;
  throw new Error('wrong attestation');
}

/** For a person to read: no control characters, and one form of é. */
function readName(text: string): string {
  const name = `${text}`.normalize('NFC').trim();
  if (/^[^\p{Cc}\p{Cs}\p{Bidi_Control}]{1,100}$/u.test(name))
    return name;
  throw new HttpProblem(400, 'invalid_name', 'Send 1 to 100 letters');
}

function refuse(code: string): HttpProblem {
  return new HttpProblem(409, code, 'Look at those that you have');
}
