/** One row of a page's failure table, declared in a test. */
export type Failure = {
  title: string;
  symptom: string;
  defence: string;
  remains: string;
  /** Its index in `tests`. */
  test: number;
};

/** How a file of an example was proven. Sets of tests are ranges of indexes: `0-3 7`. */
export type FileProof =
  | { kind: 'executed'; lines: Record<string, string> }
  | { kind: 'applied' | 'loaded'; tests: string };

/** What `npm run prove` records of an example: proof.json. */
export type Proof = {
  /** What the record was made from. */
  key: string;
  /** Of Node, of each service that a test used, and of the packages that the example asks for, by name. */
  versions: Record<string, string>;
  tests: string[];
  failures: Failure[];
  files: Record<string, FileProof>;
  /** Executable lines of regions that no test executed. */
  unproven: Record<string, number[]>;
  outputs: Record<string, string>;
};

/** One measured thing of a bench table. */
export type BenchRow = {
  name: string;
  median: number;
  low: number;
  high: number;
  ratio: number;
  note?: string;
};

/** What `npm run bench` records of an example: bench.json. */
export type Bench = {
  command: string;
  machine: string;
  measured: string;
  /** What was measured. */
  key: string;
  tables: { title: string; unit: string; better: 'higher' | 'lower'; rows: BenchRow[] }[];
};

/** A paper or clause that a page leans on, and the test that holds it. */
export type Reference = { title: string; url: string; test?: string | undefined };

/** A record that was read, or the sentence that says what is wrong with it. */
export type Read<T> = { value: T; fault?: never } | { value?: never; fault: string };

type Shape = string | ((value: unknown) => string | undefined);
type Fields = Record<string, Shape>;

/** Reads a proof.json; a hand-written check, for zod costs more than the rest of the engine. */
export function parseProof(text: string): Read<Proof> {
  return parseRecord(text, (value) =>
    checkFields(value, {
      key: 'string',
      versions: mapOf('string'),
      tests: listOf('string'),
      failures: listOf({
        title: 'string',
        symptom: 'string',
        defence: 'string',
        remains: 'string',
        test: 'number',
      }),
      files: mapOf({ kind: 'string' }),
      unproven: mapOf(listOf('number')),
      outputs: mapOf('string'),
    }),
  );
}

/** Reads a bench.json. */
export function parseBench(text: string): Read<Bench> {
  const row = { name: 'string', median: 'number', low: 'number', high: 'number', ratio: 'number' };
  const table = { title: 'string', unit: 'string', better: 'string', rows: listOf(row) };
  const fields = {
    command: 'string',
    machine: 'string',
    measured: 'string',
    key: 'string',
    tables: listOf(table),
  };
  return parseRecord(text, (value) => checkFields(value, fields));
}

function parseRecord<T>(text: string, check: (value: unknown) => string | undefined): Read<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'it is not JSON' };
  }
  const fault = check(value);
  return fault === undefined ? { value: value as T } : { fault };
}

function checkFields(value: unknown, fields: Fields): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'it is not an object';
  for (const [name, shape] of Object.entries(fields)) {
    const fault = checkShape((value as Record<string, unknown>)[name], shape);
    if (fault !== undefined) return `\`${name}\`: ${fault}`;
  }
  return undefined;
}

function checkShape(value: unknown, shape: Shape | Fields): string | undefined {
  if (typeof shape === 'function') return shape(value);
  if (typeof shape === 'object') return checkFields(value, shape);
  return typeof value === shape ? undefined : `it is not a ${shape}`;
}

function listOf(shape: Shape | Fields): Shape {
  return function checkList(value) {
    if (!Array.isArray(value)) return 'it is not a list';
    return firstFault(value, shape);
  };
}

function mapOf(shape: Shape | Fields): Shape {
  return function checkMap(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'it is not an object';
    return firstFault(Object.values(value), shape);
  };
}

function firstFault(values: unknown[], shape: Shape | Fields): string | undefined {
  for (const value of values) {
    const fault = checkShape(value, shape);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
