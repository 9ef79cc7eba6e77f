import { setImmediate as nextTurn } from 'node:timers/promises';

/** Returns those of the keys that may read the topic now. */
export type FindReaders = (
  topic: string,
  keys: string[],
) => Promise<string[]>;

type Batch = { keys: Set<string>; readers: Promise<Set<string>> };

/** After a revocation all streams ask at once: one query answers them. */
export function createReaderCheck(findReaders: FindReaders) {
  const batches = new Map<string, Batch>();

  function openBatch(topic: string): Batch {
    const keys = new Set<string>();
    const readers = nextTurn().then(async () => {
      batches.delete(topic); // later ones need a later answer
      return new Set(await findReaders(topic, [...keys]));
    });
    return { keys, readers };
  }

  return async function mayRead(topic: string, key: string) {
    const batch = batches.get(topic) ?? openBatch(topic);
    batches.set(topic, batch);
    batch.keys.add(key);
    return (await batch.readers).has(key);
  };
}
