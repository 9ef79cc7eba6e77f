import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SettingError } from '../app/setting-error.ts';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { noteProgram } from '../testing/evidence.ts';

/** ClamAV's scanner: where it listens, and one line that says what was chosen. */
export type Clamd = AsyncDisposable & { host: string; port: number; description: string };

/** What every scanner finds, and what harms nobody; in parts, so that none finds it in this file. */
export const EICAR = [
  'X5O!P%@AP[4\\PZX54(P^)7CC)7}$',
  'EICAR-STANDARD-ANTIVIRUS',
  '-TEST-FILE!$H+H*',
].join('');

/** The clamd at CLAMD_ADDRESS, or, without one, Debian's with a signature for EICAR and no other. */
export async function startClamd(environment = process.env): Promise<Clamd> {
  const address = environment.CLAMD_ADDRESS;
  return address ? findClamd(address) : await startOwnClamd();
}

function findClamd(address: string): Clamd {
  const { hostname, port } = URL.parse(`tcp://${address}`) ?? {};
  if (!hostname || !port)
    throw new SettingError('CLAMD_ADDRESS: set it to host:port, such as localhost:3310');
  return {
    host: hostname,
    port: Number(port),
    description: `• clamd: ${address}, from CLAMD_ADDRESS`,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function startOwnClamd(): Promise<Clamd> {
  const program = await requireProgram({
    names: ['clamd'],
    variable: 'CLAMD_PATH',
    debianPackage: 'clamav-daemon',
  });
  const port = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-clamd-'));
  // Name, any kind of file, anywhere in it, these bytes: freshclam's signatures are not here.
  const signature = `Eicar-Test:0:*:${Buffer.from(EICAR).toString('hex')}\n`;
  writeFileSync(join(folder, 'eicar.ndb'), signature);
  writeFileSync(join(folder, 'clamd.conf'), configure(folder, port));
  const identity = unprivilegedIdentity();
  giveTo(folder, identity);

  noteProgram('ClamAV', program, ['--config-file', join(folder, 'clamd.conf'), '--version']);
  const { guard, stop } = startGuardedProgram({
    program,
    args: ['--config-file', join(folder, 'clamd.conf')],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'clamd.log'),
    removeAfterwards: folder,
  });
  while (!(await answersPing(port))) {
    if (guard.exitCode !== null) throw new Error(`clamd ended with exit code ${guard.exitCode}`);
    await pause(20);
  }
  return {
    host: '127.0.0.1',
    port,
    description: `• clamd: ${program}, which knows EICAR and nothing else`,
    [Symbol.asyncDispose]: stop,
  };
}

/** A limit that is exceeded is a finding: else a file that is too large to scan counts as clean. */
function configure(folder: string, port: number): string {
  return `Foreground yes
DatabaseDirectory ${folder}
TemporaryDirectory ${folder}
TCPAddr 127.0.0.1
TCPSocket ${port}
StreamMaxLength 50M
AlertExceedsMax yes
SelfCheck 0
`;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('zPING\0'));
    socket.once('data', (answer) => resolve(answer.toString() === 'PONG\0'));
    socket.once('close', () => resolve(false)).once('error', () => resolve(false));
  });
}
