import { openToolsCheck } from '../../agents/check/open-tools-check.ts';
import { checkPatterns } from '../check/check-patterns.ts';
import { readFormat, writeFindings } from '../check/write-findings.ts';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { ROOT } from '../files/root.ts';
import { describeCount } from '../text/describe-count.ts';

const usage = `npm run sync [-- <id>…] [--format text|github|json] [--root <folder>]

Writes snippets, outputs, tables and references into the pages, from the examples; without ids,
the texts for tools as well, from the pages.
Exit 0: all is well now. 1: findings that writing cannot fix. 2: the sync itself failed.`;

await runCommand({
  usage,
  options: { format: { type: 'string' }, root: { type: 'string' } },
  async main({ values, words }) {
    const format = readFormat(values.format);
    const root = typeof values.root === 'string' ? values.root : ROOT;
    const ids = words.length > 0 ? { ids: choosePatternIds(root, words) } : {};
    const { findings, patterns, changed } = await checkPatterns(root, {
      ...ids,
      write: true,
      openLibraryCheck: openToolsCheck,
    });
    if (format !== 'json') for (const file of changed) console.log(`wrote ${file}`);
    const scope = `${describeCount(patterns, 'pattern')}, ${changed.length} written`;
    const verdict =
      findings.length === 0
        ? 'all is well'
        : `${describeCount(findings.length, 'finding')} left to fix by hand`;
    const facts = { patterns, changed };
    console.log(writeFindings(findings, { format, summary: `${scope}: ${verdict}`, facts }));
    return findings.length > 0 ? 1 : 0;
  },
});
