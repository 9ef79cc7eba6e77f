import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import pino from 'pino';

const WRITER = fileURLToPath(
  new URL('bench-writer.ts', import.meta.url),
);

const table = await compare({
  title: 'Lines a second into a pipe that is read',
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

/** In a process of its own, whose lines this one reads and throws away. */
async function measure(writer: string): Promise<number> {
  const child = fork(WRITER, [writer], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.stdout?.resume();
  const exited = once(child, 'exit');
  const [figure] = await once(child, 'message');
  await exited;
  return Number(figure);
}
