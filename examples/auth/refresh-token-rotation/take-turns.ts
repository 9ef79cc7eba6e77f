// #region take-turns
/** In the browser: the last answer to arrive sets the cookie of all tabs. */
export function takeTurns<Answer>(refresh: () => Promise<Answer>) {
  return navigator.locks.request('refresh', refresh);
}
// #endregion take-turns
