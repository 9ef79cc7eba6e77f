import { randomUUID } from 'node:crypto';
import * as scripts from './redis-scripts.ts';
import {
  createToken,
  hashToken,
  type Login,
  requireText,
  requireTimes,
  type Session,
  type SessionPatch,
  type Sessions,
  type SessionTimes,
  shorten,
} from './session.ts';
import { SessionStoreError } from './session-error.ts';

export type RedisSessionsOptions = SessionTimes & {
  /** Of node-redis: `(command) => client.sendCommand(command)`. */
  send: (command: string[]) => Promise<unknown>;
  /** How all keys begin: two apps in one Redis need two. */
  prefix?: string;
  /** How long Redis may take for an answer. */
  timeoutMs?: number;
};

/** Sessions in one Redis primary, whose clock decides. */
export function createRedisSessions(
  options: RedisSessionsOptions,
): Sessions {
  const {
    send,
    prefix = 'session:',
    timeoutMs = 1000,
    ...times
  } = options;
  const { touchSeconds, idleSeconds, lifetimeSeconds } =
    requireTimes(times);
  if (!(timeoutMs > 0 && timeoutMs <= 60_000))
    throw new RangeError('timeoutMs is not between 0 and 60000');

  // #region run-script
  /** A script is one step for all others. No answer is an error. */
  async function run(script: string, ...args: (string | number)[]) {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(reject, timeoutMs, new Error('timeout'));
    const texts = [prefix, idleSeconds * 1000, ...args].map(String);
    try {
      const sent = send(['EVAL', script, '0', ...texts]);
      return await Promise.race([sent, promise]);
    } catch (cause) {
      const message = 'Redis did not do its part';
      throw new SessionStoreError(message, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
  // #endregion run-script

  async function begin({ userId, device, data = {} }: Login) {
    requireText(data);
    const token = createToken();
    const fields = JSON.stringify({
      ...nameFields(data),
      id: randomUUID(),
      userId,
      device: shorten(device),
    });
    const lifetimeMs = lifetimeSeconds * 1000;
    await run(scripts.BEGIN, toHex(token), lifetimeMs, fields);
    return token;
  }

  async function read(token: string): Promise<Session | undefined> {
    const touchMs = touchSeconds * 1000;
    const found = await run(scripts.READ, toHex(token), touchMs);
    return Array.isArray(found) ? toSession(found) : undefined;
  }

  async function write(
    token: string,
    next: string,
    patch: SessionPatch,
  ): Promise<boolean> {
    requireText(patch);
    const fields = JSON.stringify(nameFields(patch));
    const hashes = [token, next].map(toHex);
    return (await run(scripts.WRITE, ...hashes, fields)) === 1;
  }

  async function renew(token: string, patch: SessionPatch = {}) {
    const next = createToken();
    return (await write(token, next, patch)) ? next : undefined;
  }

  async function list(userId: string): Promise<Session[]> {
    const found = await run(scripts.LIST, userId);
    if (!Array.isArray(found)) return [];
    const sessions = found.map(toSession);
    sessions.sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
    return sessions.slice(0, 100);
  }

  async function logout(token: string): Promise<void> {
    await run(scripts.LOGOUT, toHex(token));
  }

  async function logoutDevice(userId: string, id: string) {
    return (await run(scripts.LOGOUT_DEVICE, userId, id)) === 1;
  }

  async function logoutEverywhere(
    userId: string,
    { except = '' }: { except?: string } = {},
  ): Promise<void> {
    await run(scripts.LOGOUT_EVERYWHERE, userId, except);
  }

  return {
    lifetimeSeconds,
    begin,
    read,
    change: (token, patch) => write(token, token, patch),
    renew,
    list,
    logout,
    logoutDevice,
    logoutEverywhere,
  };
}

const toHex = (token: string): string =>
  hashToken(token).toString('hex');

/** No key of the data is a field of ours. */
function nameFields(data: SessionPatch) {
  const entries = Object.entries(data).map(([key, value]) => {
    return [`data:${key}`, value];
  });
  return Object.fromEntries(entries);
}

/** From the reply of HGETALL: names and values in turn. */
function toSession(reply: string[]): Session {
  const fields: Record<string, string> = {};
  const data: Record<string, string> = {};
  for (let index = 0; index < reply.length; index += 2) {
    const [name = '', value = ''] = reply.slice(index, index + 2);
    if (name.startsWith('data:')) data[name.slice(5)] = value;
    else fields[name] = value;
  }
  return {
    id: `${fields.id}`,
    userId: `${fields.userId}`,
    device: `${fields.device}`,
    data,
    createdAt: new Date(Number(fields.createdAt)),
    usedAt: new Date(Number(fields.usedAt)),
    endsAt: new Date(Number(fields.endsAt)),
  };
}
