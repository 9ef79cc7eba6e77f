import { setTimeout as pause } from 'node:timers/promises';

// #region naive-retry
/** The tempting way: fetch, and again when it fails. */
export async function fetchWithRetry(url: string, init?: RequestInit) {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, init);
      if (response.ok || attempt === 3) return response;
    } catch (error) {
      if (attempt === 3) throw error;
    }
    await pause(100 * 2 ** attempt);
  }
}
// #endregion naive-retry
