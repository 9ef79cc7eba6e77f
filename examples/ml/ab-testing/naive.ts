/** The tempting way: a coin for each request, and a p-value on a dashboard. */
export function createNaiveExperiment(options: {
  share: number;
  random: () => number;
}) {
  const { share, random } = options;
  const arms = {
    live: { users: 0, errors: 0 },
    canary: { users: 0, errors: 0 },
  };

  // #region naive-experiment
  function choose(): 'live' | 'canary' {
    return random() < share ? 'canary' : 'live';
  }

  /** The test of two proportions, p < 0.05; asked whenever. */
  function isWorse(): boolean {
    const { live, canary } = arms;
    const mean =
      (live.errors + canary.errors) / (live.users + canary.users);
    const variance =
      mean * (1 - mean) * (1 / live.users + 1 / canary.users);
    const difference =
      canary.errors / canary.users - live.errors / live.users;
    return difference / Math.sqrt(variance) > 1.645;
  }
  // #endregion naive-experiment

  function tell(arm: 'live' | 'canary', isError: boolean): void {
    arms[arm].users++;
    if (isError) arms[arm].errors++;
  }

  return { choose, tell, isWorse };
}
