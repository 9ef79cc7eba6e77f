import { connect, type Socket } from 'node:net';

/** How a contender is spoken to. */
export type Protocol = 'sse' | 'ws' | 'socket.io';

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const REQUESTS: Record<Protocol, string> = {
  sse: 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n',
  ws: `GET / HTTP/1.1\r\nHost: bench\r\n${UPGRADE}\r\n`,
  'socket.io': `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: bench\r\n${UPGRADE}\r\n`,
};
const READY: Record<Protocol, string> = {
  sse: '200 OK',
  ws: '101 Switching',
  'socket.io': '40{"sid"',
};
/** The packet `40`, masked with zeros: socket.io waits for it. */
const JOIN = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]);

/** Readers that do no more than look for a mark, so that the server is what is measured. */
export async function connectReaders(
  url: string,
  protocol: Protocol,
  count: number,
) {
  const readers: Awaited<ReturnType<typeof connectReader>>[] = [];
  while (readers.length < count) {
    const some = Array.from({ length: 50 }, () =>
      connectReader(url, protocol),
    );
    readers.push(...(await Promise.all(some)));
  }

  return {
    saw: (mark: string) =>
      Promise.all(readers.map((reader) => reader.saw(mark))),
    close: () => {
      for (const { socket } of readers) socket.destroy();
    },
  };
}

async function connectReader(url: string, protocol: Protocol) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const saw = watch(socket);
  socket.write(REQUESTS[protocol]);
  if (protocol === 'socket.io') {
    await saw('0{"sid"');
    socket.write(JOIN);
  }
  await saw(READY[protocol]);
  return { socket, saw };
}

/** A mark may be cut in two by the packets of TCP. */
function watch(socket: Socket) {
  let end = '';
  let wanted = '';
  let found = () => {};
  socket
    .on('error', () => {})
    .on('data', (part) => {
      const text = end + part.toString('latin1');
      end = text.slice(-64);
      if (wanted && text.includes(wanted)) found();
    });

  return function saw(mark: string): Promise<void> {
    return new Promise((resolve) => {
      if (end.includes(mark)) return resolve();
      wanted = mark;
      found = resolve;
    });
  };
}
