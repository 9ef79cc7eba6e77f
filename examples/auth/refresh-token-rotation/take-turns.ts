/** For browsers: the last answer to arrive sets the cookie of all tabs. */
// #region take-turns
export function takeTurns<Answer>(refresh: () => Promise<Answer>) {
  return navigator.locks.request('refresh', refresh);
}
// #endregion take-turns
