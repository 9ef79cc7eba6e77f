import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createSandbox } from './sandbox.ts';
import { watchChildren } from './test-children.ts';
import { makePicture } from './test-images.ts';

it('gives each upload a process of its own, and leaves none behind', async () => {
  const children = watchChildren();
  const inspect = createSandbox();
  const bytes = await makePicture('png');
  const upload = { bytes, declaredType: 'image/png' };

  const verdicts = await Promise.all([
    inspect(upload),
    inspect(upload),
    inspect(upload),
  ]);

  for (const verdict of verdicts)
    expect(verdict).toMatchObject({ type: 'image/png' });
  expect(new Set(children.map(({ pid }) => pid)).size).toBe(3);
  for (const child of children) {
    if (!child.signalCode) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
  }
});
