import { onTestFinished, vi } from 'vitest';

/** From here on, leases and limits end only as the test advances the timers. */
export function stopHeartbeats() {
  vi.useFakeTimers({
    toFake: ['setInterval', 'clearInterval', 'performance'],
  });
  onTestFinished(() => void vi.useRealTimers());
}
