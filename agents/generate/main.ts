import { ROOT } from '../../scripts/repository.ts';
import { buildPackage } from './build-package.ts';
import { keepCounts } from './count-tokens.ts';

await buildPackage(ROOT);
keepCounts();
console.error('wrote agents/dist');
