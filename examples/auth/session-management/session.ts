import { createHash, randomBytes } from 'node:crypto';
import { SessionDataError } from './session-error.ts';

/** A login on one device, as its user may see it. */
export type Session = {
  /** Stays when the token is renewed, and gives access to nothing. */
  id: string;
  userId: string;
  device: string;
  data: Record<string, string>;
  createdAt: Date;
  /** At most `touchSeconds` old while requests come. */
  usedAt: Date;
  /** Then it ends, no matter how often it is used. */
  endsAt: Date;
};

/** Values to set; null removes one. Keys come from your code, never from a request. */
export type SessionPatch = Record<string, string | null | undefined>;

export type Login = {
  userId: string;
  /** What the user will know it by, such as the `User-Agent`. */
  device: string;
  data?: Record<string, string>;
};

/** What each store does. When it rejects, the answer is not "no session". */
export type Sessions = {
  /** For the `Max-Age` of the cookie. */
  lifetimeSeconds: number;
  /** Begins a session and returns its token: call it at each login. */
  begin: (login: Login) => Promise<string>;
  /** The session of the token; undefined when it is over. */
  read: (token: string) => Promise<Session | undefined>;
  /** Merges into its data; false when the session is over. */
  change: (token: string, patch: SessionPatch) => Promise<boolean>;
  /** Ends the token and returns a new one: call it at each change of rights. */
  renew: (
    token: string,
    patch?: SessionPatch,
  ) => Promise<string | undefined>;
  /** The 100 sessions of the user that were used last. */
  list: (userId: string) => Promise<Session[]>;
  logout: (token: string) => Promise<void>;
  /** Ends one session of this user; false when there is none. */
  logoutDevice: (userId: string, id: string) => Promise<boolean>;
  /** Ends all sessions of the user, except perhaps one. */
  logoutEverywhere: (
    userId: string,
    options?: { except?: string },
  ) => Promise<void>;
};

export type SessionTimes = {
  /** How long a session lasts without a request. */
  idleSeconds?: number;
  /** How long it lasts at most. */
  lifetimeSeconds?: number;
  /** How exact `usedAt` is: it is written once in that time. */
  touchSeconds?: number;
};

const HOUR = 60 * 60;
const DAY = 24 * HOUR;

/** The times of a store, with what is left out. */
export function requireTimes(times: SessionTimes) {
  const {
    touchSeconds = 60,
    idleSeconds = 7 * DAY,
    lifetimeSeconds = 30 * DAY,
  } = times;
  const all = { touchSeconds, idleSeconds, lifetimeSeconds };
  if (!Object.values(all).every(Number.isInteger))
    throw new RangeError('the times of sessions are not integers');
  // A session that is used must not end as idle.
  if (touchSeconds < 1 || idleSeconds < 2 * touchSeconds)
    throw new RangeError('idleSeconds is less than 2 × touchSeconds');
  if (lifetimeSeconds < idleSeconds)
    throw new RangeError('lifetimeSeconds is less than idleSeconds');
  return all;
}

// #region create-and-hash
/** 256 random bits, which the server makes: it accepts no other. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** All that is stored of a token; so many bits need no slow hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
// #endregion create-and-hash

const MAX_BYTES = 1024;

/** Postgres refuses NUL and lone surrogates; a megabyte would be read at each request. */
export function requireText(values: SessionPatch): void {
  for (const [key, value] of Object.entries(values)) {
    const bytes = Buffer.byteLength(value ?? '');
    const text = value ?? '';
    if (
      bytes > MAX_BYTES ||
      text.includes('\0') ||
      !text.isWellFormed()
    )
      throw new SessionDataError(
        `${key} is not text of at most ${MAX_BYTES} bytes`,
      );
  }
}

/** A `User-Agent` may have 16 KB, and any bytes. */
export function shorten(device: string): string {
  const text = device.replaceAll('\0', '').slice(0, 200);
  return text.toWellFormed();
}
