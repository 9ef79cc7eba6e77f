import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startRedis } from './redis.ts';

it('answers, and is empty after a crash', async () => {
  await using redis = await startRedis();
  expect(await ask(redis.port, 'SET name ada')).toBe('+OK\r\n');
  expect(await ask(redis.port, 'GET name')).toBe('$3\r\nada\r\n');

  await redis.kill();
  await expect(ask(redis.port, 'GET name')).rejects.toThrow('ECONNREFUSED');
  await redis.start();

  expect(await ask(redis.port, 'GET name')).toBe('$-1\r\n');
});

it('takes arguments, and says what Redis says of one that it refuses', async () => {
  await using redis = await startRedis(['--maxmemory', '64mb']);
  expect(await ask(redis.port, 'CONFIG GET maxmemory')).toContain('67108864');

  await expect(startRedis(['--frobnicate', 'yes'])).rejects.toThrow('frobnicate');
});

/** An inline command, as Redis has it for telnet. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return `${answer}`;
}
