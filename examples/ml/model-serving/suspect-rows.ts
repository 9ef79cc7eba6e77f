import { hash } from 'node:crypto';

/** How many rows are remembered: the oldest is forgotten first. */
const MOST = 1000;

/** A suspect row is computed alone; a refused one not at all. */
type Verdict = 'suspect' | 'refused';

// #region suspect-rows
/** Remembers rows whose thread was lost, and those it was lost for. */
export function createSuspectRows() {
  const rows = new Map<string, Verdict>();

  /** Nothing is hashed while no row is suspect. */
  const find = (row: Float32Array) =>
    rows.size > 0 ? rows.get(toKey(row)) : undefined;

  /** A thread was lost with this row: among others, or alone. */
  function blame(row: Float32Array, wasAlone: boolean) {
    const key = toKey(row);
    const isRefused = wasAlone || rows.get(key) === 'refused';
    const verdict = isRefused ? 'refused' : 'suspect';
    rows.set(key, verdict);
    const [oldest] = rows.keys();
    if (rows.size > MOST && oldest) rows.delete(oldest);
  }

  /** It was computed alone, and its thread lives. */
  function clear(row: Float32Array) {
    rows.delete(toKey(row));
  }

  return { find, blame, clear };
}

function toKey(row: Float32Array): string {
  return hash('sha256', new Uint8Array(row.buffer), 'base64');
}
// #endregion suspect-rows
