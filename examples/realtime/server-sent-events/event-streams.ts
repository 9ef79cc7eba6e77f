import type { ServerResponse } from 'node:http';
import type { Chunk, EventLog } from './event-log.ts';
import { type Reader, StreamRefused } from './reader.ts';
import { createReaderCheck, type FindReaders } from './reader-check.ts';
import { repeatWhileAsked } from './repeat-while-asked.ts';
import { beginStream, sendAway } from './stream-response.ts';

/** What streams need. A reader that stops reading holds at most 140 kB. */
export type EventStreamsOptions = {
  eventLog: Pick<EventLog, 'read' | 'readStates'>;
  findReaders: FindReaders;
  log: { warn: (message: string, details: object) => void };
  clock: () => Date;
  heartbeatSeconds: number;
  retryMilliseconds: number;
  maxStreams: number;
};

type Stream = {
  reader: Reader;
  response: ServerResponse;
  next: number;
  rights: number;
  /** Heartbeats in a row at which it had not taken what it was sent. */
  missed: number;
  run: () => Promise<void>;
};

const MOST_MISSED = 2;

/** Streams topics to many readers, each from its own place in the log. */
export function createEventStreams(options: EventStreamsOptions) {
  const { eventLog, findReaders, log, clock } = options;
  const { maxStreams, heartbeatSeconds, retryMilliseconds } = options;
  // Node takes NaN, and more than 24 days, for 1 ms.
  if (!(heartbeatSeconds > 0 && heartbeatSeconds <= 3600))
    throw new RangeError('heartbeatSeconds: above 0, at most 3600');
  if (!(maxStreams >= 1))
    throw new RangeError('maxStreams must be at least 1');
  const mayRead = createReaderCheck(findReaders);
  const topics = new Map<string, Set<Stream>>();
  const catchUp = repeatWhileAsked(compareStates);
  const heart = setInterval(beat, heartbeatSeconds * 1000);
  let reads = new Map<string, Promise<Chunk>>();
  let count = 0;
  let isStopped = false;
  let hasWarned = false;

  /** Begins a stream, or throws before anything is sent. */
  async function follow(
    reader: Reader,
    response: ServerResponse,
  ): Promise<void> {
    const { topic, key, after } = reader;
    // First read, then check: a revocation after this counts up.
    const chunk = await readOnce(topic, after);
    if (!(await mayRead(topic, key))) throw new StreamRefused();
    if (response.destroyed) return; // its reader has left
    const isHead = response.req.method === 'HEAD';
    if (isStopped || isHead || count >= maxStreams)
      return sendAway(response, retryMilliseconds);
    beginStream(response, retryMilliseconds, after ?? chunk.next);
    open(reader, response, chunk);
  }

  function open(
    reader: Reader,
    response: ServerResponse,
    chunk: Chunk,
  ) {
    const { topic } = reader;
    const { next, rights } = chunk;
    const run = repeatWhileAsked(() => pump(stream));
    const stream: Stream = {
      reader,
      response,
      next,
      rights,
      missed: 0,
      run,
    };
    const streams = topics.get(topic) ?? new Set();
    topics.set(topic, streams.add(stream));
    count += 1;
    response.on('close', () => {
      count -= 1;
      streams.delete(stream);
      if (streams.size === 0) topics.delete(topic);
    });
    response.on('drain', () => {
      stream.missed = 0;
      void run();
    });
    response.write(chunk.bytes);
    void run(); // what came after the read
  }

  // #region pump
  /** Sends what follows the reader's place, while the socket takes it. */
  async function pump(stream: Stream) {
    const { reader, response } = stream;
    const { topic, key } = reader;
    try {
      while (isReady(response)) {
        const chunk = await readOnce(topic, stream.next);
        if (chunk.rights !== stream.rights) {
          if (!(await mayRead(topic, key))) return void response.end();
          stream.rights = chunk.rights;
        }
        if (!isReady(response)) return;
        response.write(chunk.bytes);
        stream.next = chunk.next;
        if (chunk.next === chunk.last) return;
      }
    } catch (error) {
      warnOnce(error); // the next heartbeat tries again
    }
  }

  function isReady(response: ServerResponse) {
    const { destroyed, writableEnded, writableNeedDrain } = response;
    return !destroyed && !writableEnded && !writableNeedDrain;
  }
  // #endregion pump

  /** Readers at the same place share one read, and its bytes. */
  function readOnce(topic: string, after?: number): Promise<Chunk> {
    const shared = reads;
    const place = `${topic} ${after}`;
    const known = shared.get(place);
    if (known) return known;
    const read = eventLog.read(topic, after);
    shared.set(place, read);
    const forget = () => shared.delete(place);
    read.then(forget, forget);
    return read;
  }

  /** A topic has news; without a name, any of them may have. */
  function wake(topic?: string): void {
    if (topic === undefined) return void catchUp();
    reads = new Map(); // one under way may be too old for the news
    for (const stream of topics.get(topic) ?? []) void stream.run();
  }

  /** Should a notification be lost: one query for all topics. */
  async function compareStates() {
    try {
      const states = await eventLog.readStates([...topics.keys()]);
      reads = new Map();
      for (const [topic, streams] of topics) {
        const { last, rights } = states.get(topic) ?? NO_STATE;
        for (const stream of streams)
          if (stream.next !== last || stream.rights !== rights)
            void stream.run();
      }
    } catch (error) {
      warnOnce(error);
    }
  }

  function beat() {
    hasWarned = false;
    for (const streams of topics.values())
      for (const stream of streams) beatOne(stream);
    wake();
  }

  function beatOne(stream: Stream) {
    const { response, reader } = stream;
    if (clock() >= reader.until) response.end();
    if (isReady(response)) return void response.write(':\n\n');
    stream.missed += 1;
    if (stream.missed <= MOST_MISSED) return;
    log.warn('slow reader cut', { topic: reader.topic });
    response.destroy(); // it resumes from the log
  }

  /** Once a heartbeat: a database that is down fails for all streams. */
  function warnOnce(error: unknown) {
    if (!hasWarned) log.warn('reading the log failed', { error });
    hasWarned = true;
  }

  /** Ends all streams: their readers come back, to another process. */
  function stop(): void {
    isStopped = true;
    clearInterval(heart);
    for (const streams of topics.values())
      for (const { response } of streams)
        sendAway(response, retryMilliseconds);
  }

  return { follow, wake, stop, count: () => count };
}

const NO_STATE = { last: 0, rights: 0 };
