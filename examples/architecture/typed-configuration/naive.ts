type Environment = Record<string, string | undefined>;

/** The tempting way: read where it is needed, with a default for comfort. */
export function readNaively(environment: Environment = process.env) {
  // #region naive-read
  return {
    port: Number(environment.SHOP_PORT ?? 3000),
    testPayments: Boolean(environment.SHOP_TEST_PAYMENTS),
    paymentTimeoutMs:
      Number(environment.SHOP_PAYMENT_TIMEOUT) || 10_000,
    sessionKey: environment.SHOP_SESSION_KEY || 'change-me',
  };
  // #endregion naive-read
}
