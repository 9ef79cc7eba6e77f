import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { acceptsConnections } from '../programs/accepts-connections.ts';
import { fillIn } from '../programs/fill-in.ts';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { noteProgram } from '../testing/evidence.ts';

/** An nginx of our own on a free port of 127.0.0.1. */
export type Nginx = AsyncDisposable & { url: string };

type NginxOptions = {
  /** What is inside `http`: upstreams and a server that listens on `${PORT}`. */
  site: URL;
  /** What else in the file is written as `${NAME}`, by its name. */
  values?: Record<string, string>;
};

/** Starts nginx with the site of an example; throws with its words when it refuses the file. */
export async function startNginx({ site, values = {} }: NginxOptions): Promise<Nginx> {
  const program = await requireProgram({
    names: ['nginx'],
    variable: 'NGINX_PATH',
    debianPackage: 'nginx-light',
  });
  noteProgram('nginx', program, ['-v']);
  const port = await findFreePort();
  const text = fillIn(readFileSync(site, 'utf8'), { ...values, PORT: `${port}` });
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-nginx-'));
  writeFileSync(join(folder, 'site.conf'), text);
  writeFileSync(join(folder, 'nginx.conf'), mainConfiguration(folder));

  const identity = unprivilegedIdentity();
  giveTo(folder, identity);
  const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  await promisify(execFile)(program, ['-t', '-q', ...args], identity).catch((error: Error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error; // its message has nginx's own words
  });
  const { guard, stop } = startGuardedProgram({
    program,
    args,
    identity,
    cwd: folder,
    // Not SIGQUIT: that waits for clients to leave, and a stream never does.
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'nginx.log'),
    removeAfterwards: folder,
  });
  while (!(await acceptsConnections(port))) {
    if (guard.exitCode !== null) throw new Error(`nginx ended with exit code ${guard.exitCode}`);
    await pause(10);
  }
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

function mainConfiguration(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  include ${folder}/site.conf;
}
`;
}
