/** Where a server pauses its trial. */
export type TrialPauses = ReturnType<typeof createTrialPauses>;

// #region pauses
/**
 * A version that is overloaded or hangs loses users of one arm more
 * than of the other. Those who come then do not count, in either arm.
 */
export function createTrialPauses(calmMs: number, now: () => number) {
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
    return arrivals;
  }

  const isCounted = (place: number) => place < from || place > to;

  /** Pauses from this user on, until nothing has happened for a while. */
  function disturb(place: number): void {
    if (to !== Number.POSITIVE_INFINITY) from = place;
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

  return { arrive, isCounted, disturb, fail };
}
// #endregion pauses
