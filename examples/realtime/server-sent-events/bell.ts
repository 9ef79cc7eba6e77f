/** Wakes one waiter; rung while nobody waits, it is heard by the next. */
export function createBell() {
  let next = Promise.withResolvers<void>();

  async function heard(): Promise<void> {
    await next.promise;
    next = Promise.withResolvers();
  }

  return { ring: () => next.resolve(), heard };
}

/** A bell that somebody waits for. */
export type Bell = ReturnType<typeof createBell>;
