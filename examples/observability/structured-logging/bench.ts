import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import pino from 'pino';

const WRITER = fileURLToPath(
  new URL('bench-writer.ts', import.meta.url),
);

const table = await compare({
  title: 'Lines a second that arrive at the reader of a pipe',
  unit: 'lines/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: () => measure('pattern') },
    {
      name: 'console.log of JSON.stringify (naive)',
      note: 'no redaction, no limits',
      measure: () => measure('naive'),
    },
    {
      name: `pino ${pino.version}`,
      note: '`sync: false`, `minLength: 4096`, two redact paths; the URL keeps its token',
      measure: () => measure('pino'),
    },
    {
      name: `pino ${pino.version} with the guards of this pattern`,
      measure: () => measure('guarded'),
    },
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'observability/structured-logging',
  software: `pino ${pino.version}`,
  tables: [table],
});

/** In a process of its own, whose lines this one reads and counts: one that is dropped counts for nothing. */
async function measure(writer: string): Promise<number> {
  const child = fork(WRITER, [writer], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let lines = 0;
  let start = 0;
  child.stdout?.on('data', (bytes: Buffer) => {
    lines += countLines(bytes);
  });
  child.once('message', () => {
    start = performance.now();
    lines = 0;
  });
  await once(child, 'close');
  return lines / ((performance.now() - start) / 1000);
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (
    let at = bytes.indexOf(10);
    at >= 0;
    at = bytes.indexOf(10, at + 1)
  )
    lines += 1;
  return lines;
}
