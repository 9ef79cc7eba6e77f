import type { ErrorPayload, ViteDevServer } from 'vite';
import type { Finding } from '../../scripts/engine/findings.ts';

/** Faults that keep a snippet or a block from the page. A stale proof, say, can wait. */
const SPOILS_THE_PAGE = /^(region-(?!unshown)|marker-|source-|fence-|meta-|generated-(?!missing))/;

/** Shows each change of a pattern's findings in the terminal, and those that spoil its page over the page. */
export function showFindings({ config: { logger }, environments }: ViteDevServer) {
  const told = new Map<string, string[]>();
  const covers = new Map<string, ErrorPayload>();
  const { hot } = environments.client;

  // The browser loads a saved page again, perhaps after its findings were sent.
  hot.on('vite:client:connect', (_data, client) => {
    for (const cover of covers.values()) client.send(cover);
  });

  return function tell(id: string, findings: Finding[]): void {
    print(id, findings);
    const spoiling = findings.filter(({ code }) => SPOILS_THE_PAGE.test(code));
    if (spoiling.length > 0) {
      const cover = describeError(id, spoiling);
      covers.set(id, cover);
      hot.send(cover);
    } else if (covers.delete(id)) {
      hot.send({ type: 'full-reload' });
    }
  };

  /** Says in full only what is new: a draft has much to fix, and each save would repeat it. */
  function print(id: string, findings: Finding[]): void {
    const before = told.get(id) ?? [];
    const now = findings.map(({ code, message }) => `${code} ${message}`);
    told.set(id, now);
    if (now.join() === before.join()) return;
    const fresh = findings.filter((_, index) => !before.includes(now[index] ?? ''));
    const count = findings.length > 0 ? `${findings.length} to fix` : 'all fixed';
    const text = [`${id}: ${count}`, ...fresh.map(formatFinding)].join('\n\n');
    logger[findings.length > 0 ? 'warn' : 'info'](text, { timestamp: true });
  }
}

function describeError(id: string, findings: Finding[]): ErrorPayload {
  const message = findings.map(formatFinding).join('\n\n');
  const err = { message, stack: '', plugin: 'live-sync', id: `patterns/${id}.md` };
  return { type: 'error', err };
}

function formatFinding({ file, line, column, code, message, hint, fix }: Finding): string {
  const lines = [`${file}:${line}:${column} ${code}`, message, hint, `→ ${fix}`];
  return lines.filter(Boolean).join('\n  ');
}
