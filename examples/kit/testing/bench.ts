import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/** One way of doing the thing that is measured. */
export type Contender = {
  name: string;
  /** What explains its figure: a setting, a thing that it leaves out. */
  note?: string;
  /** Measures once and returns the figure. */
  measure: () => Promise<number>;
};

/** What is compared, and in which unit. */
export type Comparison = {
  title: string;
  unit: string;
  better: 'higher' | 'lower';
  /** The first is the pattern: the others' ratios are to it. */
  contenders: [Contender, ...Contender[]];
};

/** A table of bench.json: the median of the rounds, and the lowest and highest of them. */
export type BenchTable = Omit<Comparison, 'contenders'> & { rows: BenchRow[] };

type BenchRow = {
  name: string;
  median: number;
  low: number;
  high: number;
  ratio: number;
  note?: string;
};

const ROUNDS = 5;

/** Measures the contenders in turn, round by round, so that a machine that slows down slows all. */
export async function compare({ contenders, ...about }: Comparison): Promise<BenchTable> {
  const figures = contenders.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      const figure = await contender.measure();
      // Round 0 warms up: caches, pools and compiled code.
      if (round > 0) figures[index]?.push(figure);
      console.error(
        `${about.title}, round ${round} of ${ROUNDS}, ${contender.name}: ${toRounded(figure)}`,
      );
    }
  }
  const rows = contenders.map((contender, index) => toRow(contender, figures[index] ?? []));
  const base = rows[0]?.median ?? 1;
  return { ...about, rows: rows.map((row) => ({ ...row, ratio: toRounded(row.median / base) })) };
}

/** How often a second the clients together get the operation done. */
export async function operationsPerSecond(
  { clients, seconds }: { clients: number; seconds: number },
  operate: (client: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  async function work(client: number) {
    for (; performance.now() < end; done++) await operate(client);
  }
  await Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  return done / ((performance.now() - start) / 1000);
}

/** Writes bench.json next to a bench, with the machine that the figures are from. */
export function writeBench(
  file: URL,
  { id, software, tables }: { id: string; software: string; tables: BenchTable[] },
): void {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const machine = `${availableParallelism()} cores (${model}), Node ${process.versions.node}, ${software}`;
  const measured = new Date().toISOString().slice(0, 10);
  const bench = { command: `npm run bench -- ${id}`, machine, measured, tables };
  writeFileSync(fileURLToPath(file), `${JSON.stringify(bench, null, 2)}\n`);
}

function toRow({ name, note }: Contender, figures: number[]): BenchRow {
  const [low = 0, ...rest] = figures.toSorted((a, b) => a - b);
  const sorted = [low, ...rest].map(toRounded);
  const median = sorted[sorted.length >> 1] ?? 0;
  return {
    name,
    median,
    low: sorted[0] ?? 0,
    high: sorted.at(-1) ?? 0,
    ratio: 1,
    ...(note && { note }),
  };
}

/** Three digits that count: more than that differs from run to run. */
function toRounded(figure: number): number {
  return Number(figure.toPrecision(3));
}
