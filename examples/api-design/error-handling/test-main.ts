import { findFreePort } from '@touchstone/kit/programs/free-port';
import { runProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';

/** Runs main.ts, which ends by itself, and resolves once it answers. */
export async function runMainProgram() {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const main = new URL('main.ts', import.meta.url);
  const ended = runProgram(main, { PORT: `${port}` });
  await waitUntil('main.ts answers', () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return { url, ended };
}
