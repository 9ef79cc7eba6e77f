import type { Page } from './event-log.ts';

/** Bytes to send, the id they lead to, and the state of the rights they were read with. */
export type Chunk = { bytes: Buffer; next: number; rights: number };

/** What a tail needs: how a topic stands now, and how to read on. */
export type TopicTailOptions = {
  start: Page;
  read: (after: number) => Promise<Page | undefined>;
  log: { warn: (message: string, details: object) => void };
  /** How much of the newest events it keeps for its readers. */
  maxTailBytes: number;
};

const CHUNK = 32;
const GONE: Page = { frames: [], first: 0, last: 0, rights: -1 };

/** The newest events of a topic, read once for all its readers in this process. */
export function createTopicTail(options: TopicTailOptions) {
  const { start, read, log, maxTailBytes } = options;
  const bells = new Set<() => void>();
  let { last, rights } = start;
  let frames: string[] = []; // the newest is the event `last`
  let [size, isLoading, isStale] = [0, false, false];
  let shared: (Chunk & { after: number }) | undefined;

  // #region read-once-for-all
  /** However many notifications come, one read is under way. */
  async function refresh(): Promise<void> {
    isStale = true;
    if (isLoading) return;
    isLoading = true;
    try {
      while (isStale) {
        isStale = false;
        take((await read(last)) ?? GONE);
        for (const ring of bells) ring();
      }
    } catch (error) {
      // The next heartbeat tries again; readers stay.
      log.warn('reading the log failed', { error });
    } finally {
      isLoading = false;
    }
  }
  // #endregion read-once-for-all

  function take(page: Page) {
    shared = undefined;
    rights = page.rights;
    if (page.first !== last + 1) {
      if (page.last === last) return;
      forget(page.frames.length > 0 ? page.first - 1 : page.last);
    }
    for (const frame of page.frames) {
      frames.push(frame);
      size += frame.length;
    }
    last += page.frames.length;
    while (size > maxTailBytes) size -= frames.shift()?.length ?? size;
    isStale ||= last < page.last;
  }

  /** A hole, or a database that was set back: readers ask the log. */
  function forget(id: number) {
    [frames, size, last] = [[], 0, id];
  }

  /** What follows an id; undefined when only the log knows. */
  function after(id: number): Chunk | undefined {
    const skip = id - (last - frames.length);
    if (skip < 0 || skip > frames.length) return undefined;
    // Most readers stand at the same place: they share the bytes.
    if (shared?.after !== id) {
      const part = frames.slice(skip, skip + CHUNK);
      const bytes = Buffer.from(part.join(''));
      shared = { after: id, bytes, next: id + part.length, rights };
    }
    return shared;
  }

  return { bells, refresh, after };
}

// #region tell-a-hole
/** A page of the log as bytes; a reader is told of events that are gone. */
export function toChunk(page: Page, after: number): Chunk {
  const { frames, first, last, rights } = page;
  const isWhole =
    frames.length > 0 ? first === after + 1 : last === after;
  if (!isWhole) {
    const reset = `id: ${last}\nevent: reset\ndata: ${last}\n\n`;
    return { bytes: Buffer.from(reset), next: last, rights };
  }
  const bytes = Buffer.from(frames.join(''));
  return { bytes, next: after + frames.length, rights };
}
// #endregion tell-a-hole

/** A tail that streams read from. */
export type TopicTail = ReturnType<typeof createTopicTail>;
