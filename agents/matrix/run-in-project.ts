import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';

/** How a program ended, and all that it printed. */
export type Ended = { code: number | null; output: string };

/** The environment of somebody who has one Node, and did not come from `npm test`; the certificates are the machine's. */
function environmentOf(node: string): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_(?!EXTRA_CA_CERTS$)|VITEST|TOUCHSTONE_|CI$)/i.test(name),
  );
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  const environment = Object.fromEntries(entries);
  return { ...environment, NO_COLOR: '1', PATH: [dirname(node), ...path].join(delimiter) };
}

/** Runs a command line in a folder as its owner would, on a Node. */
export async function runLine(
  line: string,
  { folder, node = process.execPath }: { folder: string; node?: string | undefined },
): Promise<Ended> {
  const child = spawn(line, { cwd: folder, env: environmentOf(node), shell: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(child, 'close');
  return { code, output };
}

/** The same, and throws what it printed unless it ended well. */
export async function mustRun(
  line: string,
  place: { folder: string; node?: string | undefined },
): Promise<string> {
  const { code, output } = await runLine(line, place);
  if (code === 0) return output;
  throw new Error(`${line} ended with ${code}:\n${output.slice(-8000)}`);
}

/** Starts a server as its owner would, on a port; ended when disposed of. */
export function startServer(line: string, { folder, port }: { folder: string; port: number }) {
  const [program = '', ...words] = line.split(' ');
  const env = { ...environmentOf(process.execPath), PORT: `${port}` };
  const child = spawn(program, words, { cwd: folder, env, stdio: 'ignore' });
  return {
    async [Symbol.asyncDispose]() {
      if (child.kill()) await once(child, 'exit');
    },
  };
}
