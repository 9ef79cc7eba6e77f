import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { runCommand } from '../command-line/run-command.ts';
import { colourEnvironment } from '../command-line/terminal.ts';
import { ROOT } from '../files/root.ts';

const usage = 'npm run build    the website as static files in dist/';

await runCommand({ usage, main: build });

async function build(): Promise<number> {
  let output = '';
  const code = await runForeground(
    process.execPath,
    ['node_modules/astro/bin/astro.mjs', 'build'],
    {
      env: colourEnvironment(),
      onOutput(text) {
        output += text;
        process.stdout.write(text);
      },
    },
  );
  if (code !== 0) return code;
  return reportErrors(output) || reportSize(join(ROOT, 'dist'));
}

/** Astro ends with 0 although it printed an error, such as a reference to a page that is not there. */
function reportErrors(output: string): number {
  const errors = stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => line.includes('[ERROR]'));
  if (errors.length === 0) return 0;
  console.error(
    `\nAstro exited with 0, but reported ${errors.length} errors:\n${errors.join('\n')}`,
  );
  return 1;
}

function reportSize(folder: string): number {
  const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const bytes = files.reduce(
    (sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size,
    0,
  );
  const pages = files.filter(({ name }) => name.endsWith('.html')).length;
  console.log(`dist/: ${pages} pages, ${(bytes / 1e6).toFixed(1)} MB in ${files.length} files`);
  return 0;
}
