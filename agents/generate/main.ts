import { ROOT } from '../../scripts/repository.ts';
import { buildPackage } from './build-package.ts';

await buildPackage(ROOT);
console.log('wrote agents/dist');
