import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { type Clamd, EICAR, startClamd } from './clamd.ts';

it('finds EICAR and takes other bytes for clean, and ends when it is disposed of', async () => {
  const clamd = await startClamd({});

  expect(await scan(clamd, `before ${EICAR} behind`)).toBe('stream: Eicar-Test.UNOFFICIAL FOUND\0');
  expect(await scan(clamd, 'hello')).toBe('stream: OK\0');

  await clamd[Symbol.asyncDispose]();
  await expect(scan(clamd, 'hello')).rejects.toThrow('ECONNREFUSED');
});

it('is the one at CLAMD_ADDRESS when that is set', async () => {
  expect(await startClamd({ CLAMD_ADDRESS: 'scanner:3310' })).toMatchObject({
    host: 'scanner',
    port: 3310,
  });
  await expect(startClamd({ CLAMD_ADDRESS: 'scanner' })).rejects.toThrow('set it to host:port');
});

async function scan({ host, port }: Clamd, text: string): Promise<string> {
  const socket = connect(port, host);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(text.length);
  socket.write(
    Buffer.concat([Buffer.from('zINSTREAM\0'), size, Buffer.from(text), Buffer.alloc(4)]),
  );
  return Buffer.concat(await socket.toArray()).toString();
}
