/** How long a burst of events, such as an editor's three writes of one save, is waited for. */
const QUIET_MS = 50;

type State = { timer?: NodeJS.Timeout; running: boolean; again: boolean };

/**
 * Makes of many calls with one key few runs of `work`: never two at once, and a call during a run
 * brings one more run after it, so that the last event always counts.
 */
export function runLatest(work: (key: string) => Promise<void>): (key: string) => void {
  const states = new Map<string, State>();

  return function schedule(key) {
    const state = states.get(key) ?? { running: false, again: false };
    states.set(key, state);
    if (state.running) {
      state.again = true;
      return;
    }
    clearTimeout(state.timer);
    state.timer = setTimeout(run, QUIET_MS, key, state);
  };

  async function run(key: string, state: State): Promise<void> {
    state.running = true;
    do {
      state.again = false;
      await work(key);
    } while (state.again);
    state.running = false;
  }
}
