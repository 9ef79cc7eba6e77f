/** The tempting way: a mean that may move by a tenth. */
export function createNaiveMonitor(reference: { mean: number }) {
  const values: number[] = [];

  // #region naive-mean
  function observe(value: number) {
    values.push(value);
    if (values.length > 1000) values.shift();
  }

  function hasDrifted() {
    const sum = values.reduce((total, value) => total + value, 0);
    const mean = sum / values.length;
    return Math.abs(mean - reference.mean) > 0.1 * reference.mean;
  }
  // #endregion naive-mean

  return { observe, hasDrifted };
}
