import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** A line as a reader of the log sees it. */
export type Line = {
  time: string;
  level: string;
  message: string;
  context: Record<string, unknown>;
  details?: Record<string, unknown>;
};

/** A pipe of the operating system that is read only when the test says so. */
export function openPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'log-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  let reader = openSync(path, O_RDONLY | O_NONBLOCK);
  const writer = openSync(path, O_WRONLY | O_NONBLOCK);
  const buffer = Buffer.alloc(1024 * 1024);

  /** Reads what is there, and returns how much it was. */
  function read(): string {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      return ''; // EAGAIN: there is nothing
    }
  }

  function closeReader() {
    closeSync(reader);
    reader = -1;
  }

  /** The reader comes back. */
  function openReader() {
    reader = openSync(path, O_RDONLY | O_NONBLOCK);
  }

  function dispose() {
    if (reader >= 0) closeReader();
    closeSync(writer);
    rmSync(folder, { recursive: true });
  }
  return {
    writer,
    read,
    closeReader,
    openReader,
    [Symbol.dispose]: dispose,
  };
}

/** An output into memory. */
export function createTestOutput() {
  const texts: string[] = [];
  const read = () => texts.map((text): Line => JSON.parse(text));
  const write = (line: string) => void texts.push(line);
  return { texts, write, read, last: () => readLast(read()) };
}

function readLast(lines: Line[]): Line {
  const line = lines.at(-1);
  if (!line) throw new Error('there is no line');
  return line;
}

/** The lines of a text; each must be whole. */
export function parseLines(text: string): Line[] {
  if (!text.endsWith('\n')) throw new Error('the last line is cut');
  const lines = text.slice(0, -1).split('\n');
  return lines.map((line): Line => JSON.parse(line));
}
