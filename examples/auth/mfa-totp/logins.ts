import type {
  Session,
  Sessions,
} from '../session-management/session.ts';
import { type Moment, NO_FACTOR, type Proofs } from './proofs.ts';
import { SecondFactorError } from './second-factor-error.ts';
import type { Attempt, SecondFactors } from './second-factors.ts';
import type { SecretBox } from './secret-box.ts';

export type LoginsOptions = {
  sessions: Pick<Sessions, 'begin' | 'renew' | 'logout'>;
  factors: SecondFactors;
  box: SecretBox;
  proofs: Proofs;
};

type Login = { userId: string; device: string };

type Answer = Pick<Attempt, 'code' | 'address'>;

/** A session as your routes read it, with its token. */
export type Current = { token: string; session: Session };

const TICKET = 'ticket of a login';
const TICKET_SECONDS = 300;

/** Logins with a password and, for those who have one, a second factor. */
export function createLogins(options: LoginsOptions) {
  const { sessions, factors, box, proofs } = options;

  // #region begin-and-finish
  /** Call it when the password is right: a session, or only a ticket. */
  async function begin(login: Login) {
    const { userId } = login;
    const moment = await proofs.readMoment(userId);
    if (moment.factor === NO_FACTOR)
      return { token: await start(login, moment) };
    const until = moment.now + TICKET_SECONDS;
    const text = `${userId} ${moment.factor} ${until}`;
    return { ticket: box.seal(text, TICKET) };
  }

  /** The token of a new session; undefined for a wrong code. */
  async function finish(
    ticket: string,
    { device, ...answer }: Answer & { device: string },
  ) {
    const [userId, factor, until] =
      box.open(ticket, TICKET)?.split(' ') ?? [];
    const moment = userId && (await proofs.readMoment(userId));
    if (
      !moment ||
      factor !== moment.factor ||
      !(Number(until) > moment.now)
    )
      throw new SecondFactorError('login_over');
    const isRight = await factors.prove({ ...answer, userId, factor });
    return isRight ? start({ userId, device }, moment) : undefined;
  }

  /** Not when the user has another factor by now. */
  async function start(login: Login, moment: Moment): Promise<string> {
    const data = proofs.stamp(moment);
    const token = await sessions.begin({ ...login, data });
    const { factor } = await proofs.readMoment(login.userId);
    if (factor === moment.factor) return token;
    await sessions.logout(token);
    throw new SecondFactorError('login_over');
  }
  // #endregion begin-and-finish

  /** A new token for a session whose user has sent a right code. */
  async function proveAgain(
    { token, session }: Current,
    answer: Answer,
  ) {
    const { userId } = session;
    const moment = await proofs.readMoment(userId);
    const attempt = { ...answer, userId, ...moment };
    const isRight = await factors.prove(attempt);
    return isRight
      ? sessions.renew(token, proofs.stamp(moment))
      : undefined;
  }

  /** The same after a right password, unless there is a second factor. */
  async function provePassword({ token, session }: Current) {
    const moment = await proofs.readMoment(session.userId);
    if (moment.factor !== NO_FACTOR)
      throw new SecondFactorError('proof_too_old');
    return sessions.renew(token, proofs.stamp(moment));
  }

  return { begin, finish, proveAgain, provePassword };
}
