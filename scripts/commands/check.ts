import { openToolsCheck } from '../../agents/check/open-tools-check.ts';
import { checkPatterns } from '../check/check-patterns.ts';
import { readFormat, writeFindings } from '../check/write-findings.ts';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { ROOT } from '../files/root.ts';
import { describeCount } from '../text/describe-count.ts';

const usage = `npm run check [-- <id>…] [--format text|github|json] [--root <folder>]

Compares every page with its example and its proof, and with all pages the texts for tools. Writes nothing.
Exit 0: all is well. 1: findings. 2: the check itself failed.`;

// package.json starts Node with a young heap of 4 MB, an old one that grows by a tenth, and one thread beside
// the main one: of 234 patterns 35 MB stay alive, and by default another 120 MB would be garbage.
await runCommand({
  usage,
  options: { format: { type: 'string' }, root: { type: 'string' } },
  async main({ values, words }) {
    const format = readFormat(values.format);
    const root = typeof values.root === 'string' ? values.root : ROOT;
    const ids = words.length > 0 ? { ids: choosePatternIds(root, words) } : {};
    const { findings, patterns, snippets } = await checkPatterns(root, {
      ...ids,
      openLibraryCheck: openToolsCheck,
    });
    const scope = `${describeCount(patterns, 'pattern')}, ${describeCount(snippets, 'snippet')}`;
    const verdict =
      findings.length === 0 ? 'all is well' : describeCount(findings.length, 'finding');
    const facts = { patterns, snippets };
    console.log(writeFindings(findings, { format, summary: `${scope}: ${verdict}`, facts }));
    return findings.length > 0 ? 1 : 0;
  },
});
