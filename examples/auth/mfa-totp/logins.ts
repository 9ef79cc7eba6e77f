import type {
  Session,
  Sessions,
} from '../session-management/session.ts';
import type { Proofs } from './proofs.ts';
import { SecondFactorError } from './second-factor-error.ts';
import type { Attempt, SecondFactors } from './second-factors.ts';
import type { SecretBox } from './secret-box.ts';

export type LoginsOptions = {
  sessions: Pick<Sessions, 'begin' | 'renew'>;
  factors: SecondFactors;
  box: SecretBox;
  proofs: Proofs;
  clock?: () => Date;
};

type Login = { userId: string; device: string };

type Answer = Omit<Attempt, 'userId'>;

const TICKET = 'ticket of a login';
const TICKET_MS = 5 * 60 * 1000;

/** Logins with a password and, for those who have one, a second factor. */
export function createLogins(options: LoginsOptions) {
  const { sessions, factors, box, proofs } = options;
  const { clock = () => new Date() } = options;

  // #region begin-and-finish
  /** Call it when the password is right: a session, or only a ticket. */
  async function begin({ userId, device }: Login) {
    if (!(await factors.isActive(userId)))
      return { token: await start({ userId, device }) };
    const until = clock().getTime() + TICKET_MS;
    return { ticket: box.seal(`${until} ${userId}`, TICKET) };
  }

  /** The token of a new session; undefined for a wrong code. */
  async function finish(
    ticket: string,
    { device, ...answer }: Answer & { device: string },
  ) {
    const userId = readTicket(ticket);
    const isRight = await factors.prove({ ...answer, userId });
    return isRight ? start({ userId, device }) : undefined;
  }

  function readTicket(ticket: string): string {
    const [until, userId] = openTicket(ticket).split(' ');
    if (userId && Number(until) > clock().getTime()) return userId;
    throw new SecondFactorError('login_over');
  }
  // #endregion begin-and-finish

  function openTicket(ticket: string): string {
    try {
      return box.open(ticket, TICKET);
    } catch {
      throw new SecondFactorError('login_over');
    }
  }

  function start(login: Login): Promise<string> {
    return sessions.begin({ ...login, data: proofs.stamp() });
  }

  /** A new token for a session whose user has sent a right code. */
  async function proveAgain(
    token: string,
    { userId }: Pick<Session, 'userId'>,
    answer: Answer,
  ) {
    const isRight = await factors.prove({ ...answer, userId });
    return isRight ? sessions.renew(token, proofs.stamp()) : undefined;
  }

  /** The same after a right password, unless there is a second factor. */
  async function provePassword(
    token: string,
    { userId }: Pick<Session, 'userId'>,
  ) {
    if (await factors.isActive(userId))
      throw new SecondFactorError('proof_too_old');
    return sessions.renew(token, proofs.stamp());
  }

  return { begin, finish, proveAgain, provePassword };
}
