import { z } from 'zod';
import { type ReadRecord, readRecord } from './read-record.ts';

const text = z.string();

const failure = z.object({
  title: text,
  symptom: text,
  defence: text,
  remains: text,
  /** Its index in `tests`. */
  test: z.number(),
  /** Where its file declares it. */
  line: z.number(),
});

/** Sets of tests are ranges of indexes: `0-3 7`. */
const fileProof = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('executed'), lines: z.record(text, text) }),
  z.object({ kind: z.enum(['applied', 'loaded']), tests: text }),
]);

const proof = z.object({
  /** What the record was made from. */
  key: text,
  /** Of Node, of each service that a test used, and of the packages that the example asks for, by name. */
  versions: z.record(text, text),
  tests: z.array(text),
  failures: z.array(failure),
  files: z.record(text, fileProof),
  /** Executable lines of regions that no test executed. */
  unproven: z.record(text, z.array(z.number())),
  outputs: z.record(text, text),
});

const benchRow = z.object({
  name: text,
  median: z.number(),
  low: z.number(),
  high: z.number(),
  ratio: z.number(),
  note: text.optional(),
});

const bench = z.object({
  command: text,
  machine: text,
  measured: text,
  /** What was measured. */
  key: text,
  tables: z.array(
    z.object({
      title: text,
      unit: text,
      better: z.enum(['higher', 'lower']),
      rows: z.array(benchRow),
    }),
  ),
});

/** One row of a page's failure table, declared in a test. */
export type Failure = z.output<typeof failure>;

/** How a file of an example was proven. */
export type FileProof = z.output<typeof fileProof>;

/** What `npm run prove` records of an example: proof.json. */
export type Proof = z.output<typeof proof>;

/** One measured thing of a bench table. */
export type BenchRow = z.output<typeof benchRow>;

/** What `npm run bench` records of an example: bench.json. */
export type Bench = z.output<typeof bench>;

/** A paper or clause that a page relies on, and the test of it. */
export type PageReference = { title: string; url: string; test?: string | undefined };

/** Reads a proof.json. */
export const parseProof = (json: string): ReadRecord<Proof> => readRecord(json, proof);

/** Reads a bench.json. */
export const parseBench = (json: string): ReadRecord<Bench> => readRecord(json, bench);
