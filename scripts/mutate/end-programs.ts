import { existsSync, readdirSync, readFileSync } from 'node:fs';

const PROCESSES = '/proc';

/**
 * Ends what was started with a file of the folder and still runs: a changed program may not obey its
 * signals, and would take its share of the machine from all tests that follow. Where there is no
 * `/proc`, nothing is ended.
 */
export function endPrograms(folder: string): void {
  if (!existsSync(PROCESSES)) return;
  const ids = readdirSync(PROCESSES).filter((name) => /^\d+$/.test(name));
  for (const id of ids.map(Number))
    if (id !== process.pid && readCommand(id).includes(`${folder}/`)) kill(id);
}

/** What started the process; nothing when it has ended by now. */
function readCommand(id: number): string {
  try {
    return readFileSync(`${PROCESSES}/${id}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {} // ended by now
}
