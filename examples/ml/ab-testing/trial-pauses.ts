/** Where a server pauses its trial, and how far its users are known. */
export type TrialPauses = ReturnType<typeof createTrialPauses>;

// #region pauses
/**
 * A version that is overloaded or hangs loses users of one arm more
 * than of the other. Those who come then do not count, in either arm.
 */
export function createTrialPauses(calmMs: number, now: () => number) {
  const open = new Map<number, number>();
  let arrivals = 0;
  let from = 1; // the arrivals of the last pause, which may go on
  let to = 0;
  let calmAt = 0;
  let blameAt = 0;

  /** The place of a user among all who came to this server. */
  function arrive(): number {
    if (to === Number.POSITIVE_INFINITY && now() >= calmAt)
      to = arrivals;
    arrivals += 1;
    open.set(arrivals, now());
    return arrivals;
  }

  /** The user has an answer, or has none. */
  function leave(place: number): void {
    open.delete(place);
  }

  /** A slow version answers later: until then, nobody after its user counts either. */
  function findHorizon(): number {
    for (const [place, since] of open) {
      if (now() - since < calmMs) return place;
      open.delete(place);
    }
    return Number.POSITIVE_INFINITY;
  }

  const isCounted = (place: number) => place < from || place > to;

  /** Pauses from this user on, until nothing has happened for a while. */
  function disturb(place: number): void {
    const isOpen = to === Number.POSITIVE_INFINITY;
    // An earlier user may be found to wait in vain later.
    from = isOpen ? Math.min(from, place) : place;
    to = Number.POSITIVE_INFINITY;
    calmAt = now() + calmMs;
  }

  /** The same, and whether it is another failure: one hang fails many users. */
  function fail(place: number): boolean {
    disturb(place);
    if (now() < blameAt) return false;
    blameAt = now() + calmMs;
    return true;
  }

  return { arrive, leave, findHorizon, isCounted, disturb, fail };
}
// #endregion pauses
