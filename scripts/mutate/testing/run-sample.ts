import { createTestRecord } from '../../proof/create-test-record.ts';
import { openMutantTree } from '../mutant-tree.ts';
import { runMutants } from '../run-mutants.ts';

// Prints the folder of the copies, and judges a change of sample.ts: for a test that kills it.
const [repository, id] = process.argv.slice(2);
if (!repository || !id) throw new Error('run-sample.ts needs a repository and an id');
const tree = openMutantTree(repository, id);
process.stdout.write(`${tree.root}\n`);
const source = 'export const limit = 3;';
await runMutants({
  tree,
  mutants: [
    {
      path: 'sample.ts',
      source,
      mutant: { operator: 'sample', start: 21, end: 22, replacement: '4', meaning: '' },
    },
  ],
  records: [
    createTestRecord({
      title: 'ends while the limit is 3',
      file: 'sample.test.ts',
      executed: new Map([['sample.ts', [[0, source.length]]]]),
    }),
  ],
  readersFiles: new Set(['sample.test.ts']),
  lanes: 1,
  onVerdict: () => {},
});
