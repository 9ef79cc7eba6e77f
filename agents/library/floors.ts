/** The oldest Node that runs the code of every pattern, and what of ECMAScript the compiler must know for it. */
export const NODE_FLOOR = 22;
export const TYPES_FLOOR = 'ES2024';

/** The oldest Node that runs the copied tests: they use AsyncDisposableStack. */
export const TESTS_NODE_FLOOR = 24;
