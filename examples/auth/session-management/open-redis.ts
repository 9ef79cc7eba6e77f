import { createClient, ErrorReply } from 'redis';
import type { RedisSessionsOptions } from './redis-sessions.ts';

type Log = { warn: (message: string, details: object) => void };

/** A client that never ends the process, and lets no command wait for a connection. */
export function openRedis(url: string, log: Log) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    // Under way at once; more are refused, so that memory is bounded.
    commandsQueueMaxLength: 10_000,
    socket: {
      // For the first answer; by default, it would be the last try.
      socketTimeout: 5000,
      reconnectStrategy: () => 500 + Math.random() * 1000,
    },
  });
  // Without a listener, a lost connection would end the process.
  client.on('error', (error) => log.warn('redis', { error }));
  // It connects again for ever; the app must start without Redis.
  const connect = () => void client.connect().catch(() => {});
  connect();

  let unanswered = 0;
  function hear() {
    unanswered = 0;
  }
  client.on('ready', hear);

  function ping() {
    unanswered += 1;
    client.ping().then(hear, (error: unknown) => {
      if (error instanceof ErrorReply) hear();
    });
  }

  /** Of a connection that swallows all packets, TCP tells after minutes. */
  function checkConnection() {
    if (!client.isReady) return;
    if (unanswered < 3) return ping();
    log.warn('redis is silent', { unanswered });
    client.destroy();
    connect();
  }
  const timer = setInterval(checkConnection, 1000);

  function close() {
    clearInterval(timer);
    client.destroy();
  }

  const send: RedisSessionsOptions['send'] = (command) =>
    client.sendCommand(command);
  return { client, send, close };
}
