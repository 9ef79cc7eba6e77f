import { z } from 'zod';
import { resolvePattern } from '../library/resolve-pattern.ts';
import { type Verification, verifyPatterns } from '../project/verify.ts';
import { ANSWER, takeFitting } from './answer-size.ts';
import type { Context } from './context.ts';
import { locateProject } from './target-project.ts';
import type { Tool } from './tool.ts';
import { ID_ALIASES } from './tool-input.ts';

const input = z.object({
  id: z.string().min(1).max(200).optional().describe('default: all that were added'),
  dir: z.string().min(1).max(1_000).default('.').describe('project root'),
});

const verified = z.object({
  id: z.string(),
  passed: z.boolean(),
  issues: z.array(z.string()),
  suggestions: z.array(z.string()),
  runAgain: z.string(),
});

const output = z.object({
  passed: z.boolean(),
  patterns: z.array(verified),
  leftOut: z.number().optional(),
});

/** Verifies the patterns that were added to a project on this machine. */
export function verifyPattern({ library }: Context) {
  return {
    name: 'verify_pattern',
    description: 'Check patterns that were added to a project. Fix the issues, then call it again.',
    input,
    aliases: {
      id: [...ID_ALIASES, 'ids'],
      dir: ['cwd', 'root', 'projectDir', 'project_dir', 'project'],
    },
    output,
    answer({ id, dir }) {
      const ids = id === undefined ? [] : [resolvePattern(library, id).pattern?.id ?? id];
      const all = verifyPatterns(library, locateProject(dir), ids);
      const failed = all.filter(({ passed }) => !passed);
      const passed = failed.length === 0;
      const sorted = [...failed, ...all.filter((one) => !failed.includes(one))];
      const patterns = takeFitting(sorted, ANSWER.usual, (patterns) =>
        JSON.stringify({ patterns }),
      );
      const leftOut = all.length - patterns.length;
      const text = [...patterns.map(write), ...(leftOut > 0 ? [`${leftOut} left out.`] : [])];
      return {
        text: text.join('\n'),
        data: { passed, patterns, ...(leftOut > 0 && { leftOut }) },
      };
    },
  } satisfies Tool<typeof input>;
}

const write = ({ id, passed, issues, suggestions, runAgain }: Verification): string =>
  [
    `${id}: ${passed ? 'passed' : 'failed'}`,
    ...issues.map((issue) => `- issue: ${issue}`),
    ...suggestions.map((suggestion) => `- suggestion: ${suggestion}`),
    ...(passed ? [] : [`- run again: ${runAgain}`]),
  ].join('\n');
