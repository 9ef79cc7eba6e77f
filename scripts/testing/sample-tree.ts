import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openKeys } from '../pattern/keys.ts';
import { readSources } from '../pattern/read-example.ts';

/** The pattern of a sample tree, its page, that page without a fault of the engine's, its test and its source. */
export const SAMPLE_ID = 'jobs/queue';
export const SAMPLE_PAGE = `patterns/${SAMPLE_ID}.md`;
export const SAMPLE_TEXT = '# Queue\n\n```ts source="jobs.ts#claim"\nclaim();\n```\n';
export const SAMPLE_TEST = "import './jobs.ts';\n";
export const SAMPLE_SOURCE = '// #region claim\nclaim();\n// #endregion claim\n';

/** A repository of one pattern in a temporary folder. */
export type SampleTree = {
  root: string;
  read: (path: string) => string;
  write: (path: string, text: string) => void;
  /** Writes a proof of the sources as they stand, of the sample or of another pattern. */
  prove: (facts?: object, id?: string) => void;
  remove: () => void;
};

/** Creates a sample tree for a test, which removes it. */
export function createSampleTree(): SampleTree {
  const root = mkdtempSync(join(tmpdir(), 'sample-'));

  function write(path: string, text: string): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  function prove(facts: object = {}, id = SAMPLE_ID): void {
    const files = { 'jobs.ts': { kind: 'executed', lines: { '2': '0' } } };
    const empty = { versions: {}, tests: [], failures: [], unproven: {}, outputs: {} };
    const sources = readSources(root, id);
    const { key } = openKeys(root)({ id, sources, page: SAMPLE_TEXT }).proof;
    const proof = JSON.stringify({ ...empty, ...facts, files, key });
    write(`examples/${id}/proof.json`, proof);
  }

  write(`examples/${SAMPLE_ID}/package.json`, '{}\n');
  write(`examples/${SAMPLE_ID}/jobs.ts`, SAMPLE_SOURCE);
  write(`examples/${SAMPLE_ID}/jobs.test.ts`, SAMPLE_TEST);
  write(SAMPLE_PAGE, SAMPLE_TEXT);
  prove();
  return {
    root,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    write,
    prove,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
