import { createHash, randomBytes } from 'node:crypto';
import {
  SessionDataError,
  SessionStoreError,
} from './session-error.ts';

/** A login on one device, as its user may see it. */
export type Session = {
  /** Stays when the token is renewed, and gives access to nothing. */
  id: string;
  userId: string;
  device: string;
  data: Record<string, string>;
  createdAt: Date;
  /** The last request may have been up to `touchSeconds` later. */
  usedAt: Date;
  /** Then it ends, no matter how often it is used. */
  endsAt: Date;
};

/** Values to set; null removes one. Keys come from your code, never from a request. No roles: they must not last as long. */
export type SessionPatch = Record<string, string | null | undefined>;

export type Login = {
  /** A UUID in lower case, as Postgres writes it. */
  userId: string;
  /** What the user will know it by, such as the `User-Agent`. */
  device: string;
  data?: Record<string, string>;
};

/** What both stores do. When one rejects, the answer is not "no session". */
export type Sessions = {
  /** For the `Max-Age` of the cookie. */
  lifetimeSeconds: number;
  /** Begins a session, ends the one used longest ago if there are 100, and returns the token: call it at each login. */
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
  /** All sessions of the user, the one that was used last first. */
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
  /** How long a session lasts without a request; up to `touchSeconds` less. */
  idleSeconds?: number;
  /** How long it lasts at most. */
  lifetimeSeconds?: number;
  /** How exact `usedAt` is: reads write it once in that time. */
  touchSeconds?: number;
  /** How long the store may take for an answer. */
  timeoutMs?: number;
};

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
/** How many sessions a user has at most. */
export const MAX_SESSIONS = 100;

/** The times of a store, with what is left out. */
export function requireTimes(times: SessionTimes) {
  const {
    touchSeconds = 60,
    idleSeconds = 7 * DAY,
    lifetimeSeconds = 30 * DAY,
    timeoutMs = 1000,
  } = times;
  const all = { touchSeconds, idleSeconds, lifetimeSeconds, timeoutMs };
  if (!Object.values(all).every(Number.isInteger))
    throw new RangeError('the times of sessions are not integers');
  // A session that is used must not end as idle.
  if (touchSeconds < 1 || idleSeconds < 10 * touchSeconds)
    throw new RangeError('idleSeconds is less than 10 × touchSeconds');
  if (lifetimeSeconds < idleSeconds)
    throw new RangeError('lifetimeSeconds is less than idleSeconds');
  // Browsers keep no cookie longer; 30 days in milliseconds are more.
  if (lifetimeSeconds > 400 * DAY)
    throw new RangeError('lifetimeSeconds is more than 400 days');
  if (timeoutMs < 1 || timeoutMs > 60_000)
    throw new RangeError('timeoutMs is not between 1 and 60000');
  return all;
}

// #region answer-in-time
/** The answer of the store. An error, or no answer in time, is a SessionStoreError. */
export async function answerInTime<T>(
  timeoutMs: number,
  ask: () => Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(reject, timeoutMs, new Error('timeout'));
  try {
    return await Promise.race([ask(), promise]);
  } catch (cause) {
    const message = 'The store of sessions did not answer';
    throw new SessionStoreError(message, { cause });
  } finally {
    clearTimeout(timer);
  }
}
// #endregion answer-in-time

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

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a session can have that id. */
export function isUuid(id: string | undefined): id is string {
  return UUID.test(`${id}`);
}

/** The id of a user, which your code knows: a wrong one is a fault. For ids of another type, change this and the column. */
export function requireUserId(userId: string): string {
  if (isUuid(userId)) return userId;
  throw new TypeError('userId is not a UUID in lower case');
}

const MAX_BYTES = 2048;
const KEY = /^[a-z][\w.:-]{0,63}$/i;

/** Postgres refuses NUL and lone surrogates; a megabyte would be read at each request. */
export function requireData(patch: SessionPatch): void {
  for (const [key, value] of Object.entries(patch)) {
    const text: unknown = value ?? '';
    if (!KEY.test(key))
      throw new SessionDataError('a key is not like theme or mfa-at');
    if (
      typeof text !== 'string' ||
      text.includes('\0') ||
      !text.isWellFormed()
    )
      throw new SessionDataError(`${key} is not text`);
  }
  if (Buffer.byteLength(JSON.stringify(patch)) > MAX_BYTES)
    throw new SessionDataError(`data has more than ${MAX_BYTES} bytes`);
}

/** A `User-Agent` may have 16 KB, and any bytes. */
export function shorten(device: string): string {
  const text = device.replaceAll('\0', '').slice(0, 200);
  return text.toWellFormed();
}
