import { createClient } from 'redis';
import type { RedisSessionsOptions } from './redis-sessions.ts';

type Log = { warn: (message: string, details: object) => void };

/** A client that never ends the process, and lets no command wait for a connection. */
export function openRedis(url: string, log: Log) {
  // #region open-redis
  const client = createClient({
    url,
    disableOfflineQueue: true,
    // Of commands that a frozen Redis does not answer.
    commandsQueueMaxLength: 1000,
  });
  // Without a listener, a lost connection would end the process.
  client.on('error', (error) => log.warn('redis', { error }));
  // It connects again for ever; the app must start without Redis.
  void client.connect().catch(() => {});
  // #endregion open-redis

  const send: RedisSessionsOptions['send'] = (command) =>
    client.sendCommand(command);
  return { client, send };
}
