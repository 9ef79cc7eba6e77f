import { relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import type { Finding } from '../../scripts/engine/findings.ts';
import { findPatternFile } from '../../scripts/pattern/ids.ts';
import { runLatest } from './run-latest.ts';
import { showFindings } from './show-findings.ts';

/** Writes the page of a pattern again from its example; resolves with what is wrong with the two. */
export type SyncPattern = (root: string, id: string) => Promise<Finding[]> | Finding[];

/** While `npm start` runs, a saved file of an example, or its page, brings the page up to date. */
export function liveSync(root: string, syncPattern: SyncPattern): Plugin {
  return {
    name: 'live-sync',
    apply: 'serve',
    configureServer(server) {
      const tell = showFindings(server);
      const schedule = runLatest(async function sync(id) {
        try {
          tell(id, await syncPattern(root, id));
        } catch (error) {
          server.config.logger.error(`live-sync: ${id}: ${error}`);
        }
      });
      server.watcher.on('all', (_event, path) => {
        const id = findPatternOf(relative(root, path).split(sep).join('/'));
        if (id) schedule(id);
      });
    },
  };
}

/** The pattern whose page or example the file is part of; undefined for what no page shows. */
export function findPatternOf(path: string): string | undefined {
  if (/\/(node_modules|dist|\.[^/]*)(\/|$)/.test(path)) return undefined;
  return findPatternFile(path)?.id;
}
