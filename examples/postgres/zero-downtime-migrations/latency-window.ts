/** The durations of the last requests. */
export type LatencyWindow = {
  add: (milliseconds: number) => void;
  /** The 99th percentile of the window; 0 while it is empty. */
  readP99Ms: () => number;
};

const SIZE = 500;
const WINDOW_MS = 10_000;

/** Remembers the last 500 requests, enough for five above the 99th percentile, for ten seconds. */
export function createLatencyWindow(now: () => number): LatencyWindow {
  const durations: { at: number; milliseconds: number }[] = [];
  let next = 0;

  function add(milliseconds: number) {
    durations[next] = { at: now(), milliseconds };
    next = (next + 1) % SIZE;
  }

  function readP99Ms() {
    const since = now() - WINDOW_MS;
    const recent = durations.filter(({ at }) => at >= since);
    const values = recent.map(({ milliseconds }) => milliseconds);
    return percentile(values, 0.99);
  }

  return { add, readP99Ms };
}

/** The value that this share of all values does not exceed; 0 of none. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}
