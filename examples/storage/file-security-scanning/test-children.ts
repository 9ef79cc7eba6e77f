import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

/** The sandboxes that are started from now on until the end of the test. */
export function watchChildren(): ChildProcess[] {
  const children: ChildProcess[] = [];
  const notice = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    children.push(child);
  };
  subscribe('child_process', notice);
  onTestFinished(() => void unsubscribe('child_process', notice));
  return children;
}
