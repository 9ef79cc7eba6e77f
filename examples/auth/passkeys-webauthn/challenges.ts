import { createHash } from 'node:crypto';
import { decodeClientDataJSON } from '@simplewebauthn/server/helpers';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import type { PasskeysOptions, Rp } from './passkeys.ts';

/** How long a user may take, in the browser as well. */
export const CHALLENGE_MS = 5 * 60 * 1000;

/** What a browser returned: any JSON, until it is verified. */
type Answer = { response: { clientDataJSON: string } };

/** Challenges in Postgres: any instance takes what another gave. */
export function createChallenges({ pool, rp }: PasskeysOptions) {
  requireRp(rp);

  /** Deletes some that are over, so that no job is needed. */
  async function give(challenge: string, asker: string): Promise<void> {
    await pool.query(
      `with expired as (
         delete from passkey_challenges
         where challenge in (
           select challenge
           from passkey_challenges
           where expires_at <= now()
           order by expires_at
           limit 10
           for update skip locked
         )
       )
       insert into passkey_challenges (challenge, asked_by, expires_at)
       values ($1, $2, now() + make_interval(secs => $3))`,
      [challenge, hash(asker), CHALLENGE_MS / 1000],
    );
  }

  // #region take
  /** The challenge of an answer: once, and only for who asked. */
  async function take(answer: Answer, asker: string): Promise<string> {
    const challenge = readChallenge(answer);
    const { rows } = await pool.query<{ isAlive: boolean }>(
      `delete from passkey_challenges
       where challenge = $1 and asked_by = $2
       returning expires_at > now() as "isAlive"`,
      [challenge, hash(asker)],
    );
    if (rows[0]?.isAlive) return challenge;
    throw new HttpProblem(401, 'challenge_over', 'Begin again');
  }
  // #endregion take

  return { give, take };
}

/** With an empty ID, the library would check less. */
function requireRp({ id, origins }: Rp): void {
  for (const text of origins) {
    const { origin, hostname } = new URL(text);
    const isSafe = /^https:|[/.]localhost(:|$)/.test(origin);
    const isBelow = id !== '' && `.${hostname}`.endsWith(`.${id}`);
    if (!isSafe || !isBelow || origin !== text)
      throw new TypeError(
        `${text} is not https://, or not below rp.id`,
      );
  }
}

/** Of the ceremony and a secret: an empty one would be that of all. */
function hash(asker: string): Buffer {
  if (asker.length < 44) throw new TypeError('the secret is short');
  return createHash('sha256').update(asker).digest();
}

/** With the parser of the library: two could differ. */
function readChallenge(answer: Answer): string {
  try {
    const text = answer.response.clientDataJSON;
    const { challenge, crossOrigin } = decodeClientDataJSON(text);
    // In a frame of another site, the user does not see who asks.
    if (/^[\w-]{43}$/.test(challenge) && !crossOrigin)
      return `${challenge}`;
  } catch {}
  throw new HttpProblem(400, 'malformed_passkey', 'Begin again');
}
