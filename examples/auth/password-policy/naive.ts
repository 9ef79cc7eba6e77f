const DAY_MS = 86_400_000;

// #region naive-rules
/** The tempting way: the rules of many companies. */
export const isGood = (password: string) =>
  password.length >= 8 &&
  password.length <= 20 &&
  /[A-Z]/.test(password) &&
  /[a-z]/.test(password) &&
  /\d/.test(password) &&
  /[!@#$%^&*]/.test(password);

export const isExpired = (changedAt: Date) =>
  Date.now() - changedAt.getTime() > 90 * DAY_MS;
// #endregion naive-rules
