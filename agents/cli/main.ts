#!/usr/bin/env node
import { join } from 'node:path';
import { runCli } from './run-cli.ts';

// A reader such as `head` may close the pipe before all is written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2), join(import.meta.dirname, 'library'));
