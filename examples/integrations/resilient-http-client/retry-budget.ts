/** Decides over all calls together how many retries an upstream may get. */
export type RetryBudget = {
  /** Counts a call, not a retry. */
  deposit: () => void;
  /** Takes one retry; false when there is none. */
  withdraw: () => boolean;
};

// #region retry-budget
/** One retry for each `callsPerRetry` calls, and `burst` at once. */
export function createRetryBudget({
  callsPerRetry = 10,
  burst = 10,
} = {}): RetryBudget {
  for (const value of [callsPerRetry, burst])
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(
        `a retry budget of ${value} is not a budget`,
      );
  const most = burst * callsPerRetry;
  let balance = most;

  return {
    deposit() {
      balance = Math.min(balance + 1, most);
    },
    withdraw() {
      if (balance < callsPerRetry) return false;
      balance -= callsPerRetry;
      return true;
    },
  };
}
// #endregion retry-budget
