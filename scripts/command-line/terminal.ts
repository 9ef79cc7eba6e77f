import { stripVTControlCharacters } from 'node:util';
import { hasColour, paint } from './paint.ts';

/** What a step came to. The output is shown in full when it failed. */
export type StepResult = { passed: number; failed: number; output: string; notes?: string[] };

/** A step's work; `report` takes whatever it prints meanwhile, so that a long one shows its progress. */
export type StepWork = (report: (text: string) => void) => Promise<StepResult>;

const HEARTBEAT_MS = 30_000;
const REPAINT_MS = 100;
const CLEAR_LINE = '\r\x1b[2K';

/** The environment for a program whose output is captured and then shown here: colour as here. */
export function colourEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...(hasColour() ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
}

/** Names the step, does it, and prints how long it took; never throws. */
export async function takeStep(name: string, work: StepWork): Promise<StepResult> {
  const started = performance.now();
  const progress = showProgress(name, started);
  const result = await work(progress.report).catch(describeThrown);
  progress.end();
  const mark = result.failed > 0 ? paint('red', '✗') : paint('green', '✓');
  console.log(`${mark} ${name} ${paint('dim', formatSeconds(performance.now() - started))}`);
  for (const note of result.notes ?? []) console.log(`  ${note}`);
  if (result.failed > 0) console.log(indent(result.output));
  return result;
}

/** The tests of all of them. */
export function countResults(results: StepResult[]): Pick<StepResult, 'passed' | 'failed'> {
  const sum = (key: 'passed' | 'failed') => results.reduce((total, one) => total + one[key], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

/** 3.2 s, 75 s. */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** A terminal sees one line that lives; a log sees the start, and a sign of life now and then. */
function showProgress(name: string, started: number) {
  let last = '';
  const report = (text: string) => {
    last = lastLine(text) ?? last;
  };
  const line = () =>
    [`• ${name} …`, formatSeconds(performance.now() - started), last].filter(Boolean).join('  ');
  if (!process.stdout.isTTY) {
    console.log(`• ${name} …`);
    const heartbeat = setInterval(() => console.log(line()), HEARTBEAT_MS);
    return { report, end: () => clearInterval(heartbeat) };
  }
  const paintLine = () => process.stdout.write(CLEAR_LINE + clip(line()));
  const repaint = setInterval(paintLine, REPAINT_MS);
  paintLine();
  return {
    report,
    end() {
      clearInterval(repaint);
      process.stdout.write(CLEAR_LINE);
    },
  };
}

function lastLine(text: string): string | undefined {
  return stripVTControlCharacters(text)
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .findLast(Boolean);
}

const clip = (line: string): string => line.slice(0, (process.stdout.columns || 80) - 1);

const indent = (text: string): string => text.trimEnd().replace(/^(?=.)/gm, '  ');

function describeThrown(error: unknown): StepResult {
  const output = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { passed: 0, failed: 1, output };
}
