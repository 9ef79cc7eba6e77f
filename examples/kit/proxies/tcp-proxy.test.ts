import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { startTcpProxy } from './tcp-proxy.ts';

it('passes bytes on in both directions', async () => {
  await using server = await startGreeter('Ada');
  await using proxy = await startTcpProxy(server.port);

  expect(await greet(proxy.port)).toBe('I am Ada; you said hello');
});

it('passes new connections on to another server', async () => {
  await using ada = await startGreeter('Ada');
  await using bob = await startGreeter('Bob');
  await using proxy = await startTcpProxy(ada.port);

  proxy.pointTo(bob.port);

  expect(await greet(proxy.port)).toBe('I am Bob; you said hello');
});

it('cuts connections without a goodbye', async () => {
  await using server = await startGreeter('Ada');
  await using proxy = await startTcpProxy(server.port);
  const client = connect(proxy.port, '127.0.0.1');
  client.write('hello');
  await once(client, 'data');

  proxy.cut();

  const [error] = await once(client, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

it('resets a connection when there is no server', async () => {
  const server = await startGreeter('Ada');
  await using proxy = await startTcpProxy(server.port);
  await server[Symbol.asyncDispose]();

  await expect(greet(proxy.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

function greet(port: number): Promise<string> {
  const client = connect(port, '127.0.0.1');
  client.end('hello');
  return text(client);
}

async function startGreeter(name: string) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}); // it may be cut
    socket.on('data', (said) => socket.write(`I am ${name}; you said ${said}`));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  async function stop() {
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
  return { port, [Symbol.asyncDispose]: stop };
}
