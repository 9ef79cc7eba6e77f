import { randomUUID } from 'node:crypto';
import * as scripts from './redis-scripts.ts';
import {
  answerInTime,
  createToken,
  hashToken,
  type Login,
  requireData,
  requireTimes,
  requireUserId,
  type Session,
  type SessionPatch,
  type Sessions,
  type SessionTimes,
  shorten,
} from './session.ts';

export type RedisSessionsOptions = SessionTimes & {
  /** Of node-redis: `(command) => client.sendCommand(command)`. */
  send: (command: string[]) => Promise<unknown>;
  /** How all keys begin: two apps in one Redis need two. */
  prefix?: string;
};

/** Sessions in one Redis primary, whose clock decides. */
export function createRedisSessions(
  options: RedisSessionsOptions,
): Sessions {
  const { send, prefix = 'login-session:', ...times } = options;
  const { touchSeconds, idleSeconds, lifetimeSeconds, timeoutMs } =
    requireTimes(times);
  if (!prefix) throw new TypeError('prefix is empty');

  /** A script is one step for all others. */
  async function run(script: string, ...args: (string | number)[]) {
    const texts = [prefix, idleSeconds * 1000, ...args].map(String);
    const command = ['EVAL', script, '0', ...texts];
    return answerInTime(timeoutMs, () => send(command));
  }

  async function begin({ userId, device, data = {} }: Login) {
    requireData(data);
    const token = createToken();
    const fields = JSON.stringify({
      ...nameFields(data),
      id: randomUUID(),
      userId: requireUserId(userId),
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
    requireData(patch);
    const fields = JSON.stringify(nameFields(patch));
    const hashes = [token, next].map(toHex);
    return (await run(scripts.WRITE, ...hashes, fields)) === 1;
  }

  async function renew(token: string, patch: SessionPatch = {}) {
    const next = createToken();
    return (await write(token, next, patch)) ? next : undefined;
  }

  async function list(userId: string): Promise<Session[]> {
    const found = await run(scripts.LIST, requireUserId(userId));
    if (!Array.isArray(found)) return [];
    const sessions = found.map(toSession);
    sessions.sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
    return sessions;
  }

  async function logout(token: string): Promise<void> {
    await run(scripts.LOGOUT, toHex(token));
  }

  async function logoutDevice(userId: string, id: string) {
    const user = requireUserId(userId);
    return (await run(scripts.LOGOUT_DEVICE, user, id)) === 1;
  }

  async function logoutEverywhere(
    userId: string,
    { except = '' }: { except?: string } = {},
  ): Promise<void> {
    const user = requireUserId(userId);
    await run(scripts.LOGOUT_EVERYWHERE, user, except);
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
  const parts = reply.values();
  for (const name of parts) {
    const value = `${parts.next().value}`;
    if (name.startsWith('data:')) data[name.slice(5)] = value;
    else fields[name] = value;
  }
  const { id, userId, device, createdAt, usedAt, endsAt } = fields;
  return {
    id: `${id}`,
    userId: `${userId}`,
    device: `${device}`,
    data,
    createdAt: new Date(Number(createdAt)),
    usedAt: new Date(Number(usedAt)),
    endsAt: new Date(Number(endsAt)),
  };
}
