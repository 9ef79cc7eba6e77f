import { buildPackage } from '../../agents/generate/build-package.ts';
import { keepCounts } from '../../agents/generate/count-tokens.ts';
import { runCommand } from '../command-line/run-command.ts';
import { ROOT } from '../files/root.ts';

const usage = `npm pack ./agents

Builds agents/dist, from which npm makes the package: the command line, the library and the kit.
Exit 0: it is built. 2: the build failed.`;

await runCommand({
  usage,
  options: {},
  async main() {
    await buildPackage(ROOT);
    keepCounts();
    console.error('wrote agents/dist'); // npm pack --json prints to stdout
    return 0;
  },
});
