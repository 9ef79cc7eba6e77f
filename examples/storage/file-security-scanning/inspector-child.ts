import { buffer } from 'node:stream/consumers';
import type { Limits } from './create-inspector.ts';
import { inspectUpload } from './inspect-upload.ts';
import { limitProcess } from './limit-process.ts';

// Decodes the upload on its standard input, and answers with a verdict
// and the bytes to publish.
const order: Limits & { declaredType: string } = JSON.parse(
  process.argv[2] ?? '',
);

// When the server is stopped, it ends this process itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {});
if (process.platform === 'linux') limitProcess(process.pid, order);

void answer();

async function answer() {
  process.stdout.write('ready\n');
  const bytes = await buffer(process.stdin);
  const { declaredType } = order;
  const verdict = await inspectUpload({ bytes, declaredType }, order);
  if ('refused' in verdict)
    process.stdout.write(`${verdict.refused}\n`);
  else {
    process.stdout.write(`${verdict.type}\n`);
    process.stdout.write(verdict.bytes);
  }
}
