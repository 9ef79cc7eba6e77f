/** Tells the time: the system's, or a test's. */
export type Clock = () => Date;

/** The time of the machine. */
export const systemClock: Clock = () => new Date();

type Step = { days?: number; hours?: number; minutes?: number; seconds?: number };

/** A clock that only a test moves. */
export type TestClock = Clock & { advance: (step: Step) => void };

/** Makes a clock that shows the given moment. */
export function testClock(start = '2026-01-01T00:00:00Z'): TestClock {
  let time = Date.parse(start);

  function tellTime() {
    return new Date(time);
  }

  function advance({ days = 0, hours = 0, minutes = 0, seconds = 0 }: Step) {
    time += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  }

  return Object.assign(tellTime, { advance });
}
