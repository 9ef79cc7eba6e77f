import { type TestContext, test } from 'vitest';

/** What a page says of a failure; the page's table is made from it. */
export type FailureDeclaration = {
  /** What you see when it happens: a status, a message, a number. */
  symptom: string;
  /** The region of the example that holds against it. */
  defence: string;
  /** What the defence does not cover. */
  remains: string;
};

declare module 'vitest' {
  interface TaskMeta {
    failure?: FailureDeclaration;
  }
}

/** A test that proves the defence against one way the pattern breaks in real life. */
export function failure(
  title: string,
  declaration: FailureDeclaration,
  run: (context: TestContext) => Promise<void> | void,
): void {
  test(title, { meta: { failure: declaration } }, run);
}
