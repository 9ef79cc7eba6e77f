import { createHash } from 'node:crypto';
import { decodeClientDataJSON } from '@simplewebauthn/server/helpers';
import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** How long a user may take, in the browser as well. */
export const CHALLENGE_MS = 5 * 60 * 1000;

export type Ceremony = 'registration' | 'sign-in';

/** What a browser returned: any JSON, until it is verified. */
type Answer = { response: { clientDataJSON: string } };

/** Challenges in Postgres: any instance takes what another gave. */
export function createChallenges(pool: Pick<Pool, 'query'>) {
  /** Deletes some that are over, so that no job is needed. */
  async function give(
    challenge: string,
    ceremony: Ceremony,
    secret: string,
  ): Promise<void> {
    await pool.query(
      `with expired as (
         delete from passkey_challenges
         where challenge in (
           select challenge
           from passkey_challenges
           where expires_at <= now()
           limit 10
           for update skip locked
         )
       )
       insert into passkey_challenges (challenge, asked_by, expires_at)
       values ($1, $2, now() + make_interval(secs => $3))`,
      [challenge, hash(ceremony, secret), CHALLENGE_MS / 1000],
    );
  }

  // #region take
  /** The challenge of an answer: once, and only for who asked. */
  async function take(
    answer: Answer,
    ceremony: Ceremony,
    secret: string,
  ): Promise<string> {
    const challenge = readChallenge(answer);
    const { rows } = await pool.query<{ isAlive: boolean }>(
      `delete from passkey_challenges
       where challenge = $1 and asked_by = $2
       returning expires_at > now() as "isAlive"`,
      [challenge, hash(ceremony, secret)],
    );
    if (rows[0]?.isAlive) return challenge;
    throw new HttpProblem(401, 'challenge_over', 'Begin again');
  }
  // #endregion take

  return { give, take };
}

/** An empty secret would be the same for all. */
function hash(ceremony: Ceremony, secret: string): Buffer {
  if (secret.length < 36) throw new TypeError('the secret is short');
  return createHash('sha256').update(`${ceremony} ${secret}`).digest();
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
  const advice = 'Send what the browser returned';
  throw new HttpProblem(400, 'malformed_passkey', advice);
}
