import {
  completable,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { PatternEntry } from '../library/types.ts';
import type { Context } from './context.ts';
import { ToolError } from './tool.ts';

/** Puts the prompts on a server. */
export function addPrompts(server: McpServer, context: Context): void {
  addApply(server, context);
  addReview(server, context);
}

function addApply(server: McpServer, { library, find }: Context): void {
  const ids = library.patterns.map(({ id }) => id);
  const complete = (start: string | undefined) => ids.filter((id) => id.includes(start ?? ''));
  const config = {
    description: 'Add a pattern to this project',
    argsSchema: z.object({ id: completable(z.string().min(1).max(200), complete) }),
  };
  server.registerPrompt('apply-pattern', config, ({ id: word }) => {
    const { id } = orInvalid(() => find(word));
    const task = `Apply this pattern to the project. Check first that no "Not when" applies. Then call plan_add_pattern with id ${id}, run the command it names, use it in the app as the text shows, and run the failure tests.`;
    return say(`${task}\n\n${library.readText(id, 'standard')}`);
  });
}

function addReview(server: McpServer, { search }: Context): void {
  const config = {
    description: 'Review code against the patterns for its topic',
    argsSchema: z.object({ topic: z.string().trim().min(1).max(400) }),
  };
  server.registerPrompt('review-with-patterns', config, ({ topic }) => {
    const { hits } = search(topic, { limit: 3 });
    const list = hits.map(({ pattern }) => writeLine(pattern)).join('\n');
    const task = `Review the code about: ${topic}. Read the patterns that fit with get_pattern. For each rule, and for each failure a pattern names, say where the code follows it and where it does not, with file and line. Propose the smallest fix.`;
    return say(`${task}\n\n${list || 'No pattern was found: use list_patterns.'}`);
  });
}

const writeLine = ({ id, summary }: PatternEntry): string => `- ${id}: ${summary}`;

const say = (text: string) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
});

function orInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ToolError)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
    throw error;
  }
}
