import type { ServerResponse } from 'node:http';
import { type Bell, createBell } from './bell.ts';
import type { EventLog, Page } from './event-log.ts';
import { type Reader, StreamRefused } from './reader.ts';
import { beginStream, sendAway } from './stream-response.ts';
import {
  createTopicTail,
  type TopicTail,
  toChunk,
} from './topic-tail.ts';

/** What streams need; the limits bound the memory of this process. */
export type EventStreamsOptions = {
  eventLog: EventLog;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
  heartbeatSeconds?: number;
  stallSeconds?: number;
  retryMilliseconds?: number;
  maxStreams?: number;
  maxTailBytes?: number;
};

type Stream = {
  reader: Reader;
  response: ServerResponse;
  tail: TopicTail;
  bell: Bell;
  next: number;
  rights: number;
  slowSince?: Date;
};

/** Streams topics to any number of readers, each from where it was. */
export function createEventStreams(options: EventStreamsOptions) {
  const { eventLog, clock, log, stallSeconds = 30 } = options;
  const { maxStreams = 10_000, maxTailBytes = 2 ** 20 } = options;
  const { heartbeatSeconds = 15, retryMilliseconds = 2000 } = options;
  const streams = new Set<Stream>();
  const tails = new Map<string, TopicTail>();
  const heart = setInterval(beat, heartbeatSeconds * 1000);
  let isStopped = false;

  /** Resolves when the stream has ended; throws only before it began. */
  async function follow(reader: Reader, response: ServerResponse) {
    const { topic, after, mayRead } = reader;
    const page = await eventLog.read(topic, after ?? NEWEST);
    if (!page || !(await mayRead())) throw new StreamRefused();
    if (isStopped || streams.size >= maxStreams)
      return sendAway(response, retryMilliseconds);

    const stream = open(reader, response, page);
    beginStream(response, retryMilliseconds, stream.next);
    await pump(stream).catch((error: unknown) => {
      log.warn('stream broke', { topic, error });
      response.destroy(); // its reader comes back and resumes
    });
    streams.delete(stream);
    stream.tail.bells.delete(stream.bell.ring);
    if (stream.tail.bells.size === 0) tails.delete(topic);
  }

  // #region pump
  async function pump(stream: Stream) {
    const { response, reader, tail, bell } = stream;
    while (!response.destroyed && !response.writableEnded) {
      if (response.writableNeedDrain) {
        await bell.heard(); // nothing is kept for a slow reader
        continue;
      }
      const chunk = tail.after(stream.next) ?? (await readLog(stream));
      if (chunk.rights !== stream.rights) {
        if (!(await reader.mayRead())) return void response.end();
        stream.rights = chunk.rights;
      }
      stream.next = chunk.next;
      if (chunk.bytes.length === 0) await bell.heard();
      else if (!response.writableEnded && !response.write(chunk.bytes))
        stream.slowSince = clock();
    }
  }

  async function readLog({ reader: { topic }, next }: Stream) {
    const page = await eventLog.read(topic, next);
    if (!page) throw new StreamRefused();
    return toChunk(page, next);
  }
  // #endregion pump

  function beat() {
    const now = clock().getTime();
    for (const { response, reader, slowSince } of streams) {
      const slow = slowSince ? now - slowSince.getTime() : 0;
      if (slow > stallSeconds * 1000) {
        log.warn('slow reader cut', { topic: reader.topic });
        response.destroy(); // it resumes from the log
      } else if (now >= reader.until.getTime()) response.end();
      else if (!slowSince) response.write(':\n\n');
    }
    wake(); // should a notification have been lost
  }

  /** A topic has news; without a name, all of them may have. */
  function wake(topic?: string): void {
    const woken = topic === undefined ? tails.keys() : [topic];
    for (const name of woken) void tails.get(name)?.refresh();
  }

  /** Ends all streams: their readers come back, to another process. */
  function stop(): void {
    isStopped = true;
    clearInterval(heart);
    for (const { response } of streams)
      sendAway(response, retryMilliseconds);
  }

  function open(reader: Reader, response: ServerResponse, page: Page) {
    const { topic, after: next = page.last } = reader;
    const stream: Stream = {
      ...{ reader, response, next, rights: page.rights },
      tail: tails.get(topic) ?? startTail(topic, page),
      bell: createBell(),
    };
    const { ring } = stream.bell;
    response.on('close', ring).on('drain', () => {
      delete stream.slowSince;
      ring();
    });
    stream.tail.bells.add(ring);
    streams.add(stream);
    return stream;
  }

  function startTail(topic: string, start: Page) {
    const read = (after: number) => eventLog.read(topic, after);
    const tail = createTopicTail({ start, read, log, maxTailBytes });
    tails.set(topic, tail);
    void tail.refresh(); // what came while there was no tail
    return tail;
  }

  return { follow, wake, stop, count: () => streams.size };
}

const NEWEST = Number.MAX_SAFE_INTEGER;
