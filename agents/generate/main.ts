import { installMissing } from '../../scripts/bootstrap/install-missing.mjs';
import { ROOT } from '../../scripts/files/root.ts';
import { buildPackage } from './build-package.ts';
import { keepCounts } from './count-tokens.ts';

/** The kit is compiled with its types: `npm pack` may be the first that needs them. */
const { problem } = await installMissing(ROOT, ['agents', 'examples/kit']);
if (problem) throw new Error(problem);
await buildPackage(ROOT);
keepCounts();
console.error('wrote agents/dist');
