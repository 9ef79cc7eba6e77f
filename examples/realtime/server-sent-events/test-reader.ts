import {
  type ClientRequest,
  type IncomingMessage,
  request,
} from 'node:http';
import { createGunzip } from 'node:zlib';

/** An event as it came through the socket. */
export type Received = { id: number; type: string; data: string };

/** Opens a stream and takes it apart by hand, so that tests can stop reading, cut and resume. */
export async function openStream(
  url: string,
  others: Record<string, string> = {},
) {
  const headers = { 'accept-encoding': 'gzip', ...others };
  const { sent, response } = await send(url, headers);
  const received: Received[] = [];
  let text = '';
  let comments = 0;
  let lastId = '';
  const retries: number[] = [];

  decode(response).on('data', (part: string) => {
    const blocks = (text + part).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) takeBlock(block);
  });
  const ended = new Promise<void>((resolve) => {
    response.on('error', () => {}).on('close', resolve);
  });

  function takeBlock(block: string) {
    if (block.startsWith(':')) return void comments++;
    const found = parseBlock(block);
    if (found.has('retry')) retries.push(Number(found.get('retry')));
    lastId = found.get('id') ?? lastId;
    const data = found.get('data');
    if (!data) return; // as the standard has it: no data, no event
    const type = found.get('event') ?? 'message';
    received.push({ id: Number(lastId), type, data });
  }

  return {
    response,
    received,
    ended,
    status: response.statusCode,
    ids: () => received.map(({ id }) => id),
    lastId: () => lastId,
    retries,
    comments: () => comments,
    cut: () => void sent.destroy(),
  };
}

/** A browser accepts gzip, and a proxy may then compress. */
function decode(response: IncomingMessage) {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  const body = isPacked ? response.pipe(createGunzip()) : response;
  return body.on('error', () => {}).setEncoding('utf8');
}

/** A stream that a test reads. */
export type TestStream = Awaited<ReturnType<typeof openStream>>;

function send(url: string, headers: Record<string, string>) {
  return new Promise<{
    sent: ClientRequest;
    response: IncomingMessage;
  }>((resolve, reject) => {
    const sent = request(url, { headers, agent: false }, (response) =>
      resolve({ sent, response }),
    );
    sent.on('error', reject).end();
  });
}

function parseBlock(block: string): Map<string, string> {
  const lines = block.split('\n').map((line) => line.split(/: ?(.*)/s));
  return new Map(lines.map(([name = '', value = '']) => [name, value]));
}
