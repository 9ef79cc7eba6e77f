/** Where the server listens over HTTP unless it is told another port. */
export const DEFAULT_PORT = 8931;
