import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { paint } from '../command-line/paint.ts';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { watchForStop } from '../command-line/watch-for-stop.ts';

const usage = `npm start                       the website on http://localhost:4321, following every change
npm start -- --port 4400        on another port
npm start -- --host 0.0.0.0     for other machines too`;

const POLL_MS = 100;

await runCommand({
  usage,
  options: { port: { type: 'string', default: '4321' }, host: { type: 'string' } },
  async main({ values }) {
    const port = Number(values.port);
    const host = String(values.host ?? 'localhost');
    await assertFree(port, host);
    console.log('• starting the website (Ctrl-C ends it)');
    return await serve(port, host);
  },
});

async function serve(port: number, host: string): Promise<number> {
  const ended = new AbortController();
  const stopped = watchForStop();
  void announceWhenUp(`http://${host === '0.0.0.0' ? 'localhost' : host}:${port}/`, ended.signal);
  const astro = ['node_modules/astro/bin/astro.mjs', 'dev', '--port', `${port}`, '--host', host];
  const code = await runForeground(process.execPath, astro);
  ended.abort();
  return stopped() ? 0 : code;
}

/** The first page takes the longest: once it has come, the address is worth printing. */
async function announceWhenUp(url: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const answer = await fetch(url, { signal: ended }).catch(() => undefined);
    if (answer) return console.log(`${paint('green', '✓')} open ${paint('cyan', url)}`);
    await wait(POLL_MS);
  }
}

/** Astro would take the next port in silence, and the reader look at another site. */
async function assertFree(port: number, host: string): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`--port takes a number from 1 to 65535, not "${port}"`);
  const taken = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
  if (taken?.code === 'EADDRINUSE')
    throw new UsageError(
      `port ${port} is taken, perhaps by another npm start: stop that, or npm start -- --port ${port + 1}`,
    );
  if (taken) throw new UsageError(`cannot listen on ${host}:${port}: ${taken.message}`);
}
