import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { UsageError } from '../../scripts/command-line/usage-error.ts';
import { type Aliases, acceptAliases, type Refusal } from './tool-input.ts';
import { describeBriefly } from './tool-schema.ts';

/**
 * What a tool answers. Of `text` and `data` most clients show a model only one: `data` where there
 * is any, or always `text`. So each says all; and code or prose has no `data`, for it would be shown
 * as a JSON string.
 */
export type ToolAnswer = { text: string; data?: Record<string, unknown> };

/** A tool: what it takes, and what it answers. */
export type Tool<Input extends z.ZodObject = z.ZodObject> = {
  name: string;
  description: string;
  input: Input;
  aliases: Aliases;
  refusal?: Refusal;
  output?: z.ZodObject;
  answer: (input: z.output<Input>) => ToolAnswer;
};

/** A call that cannot be answered; the message says what to change. */
export class ToolError extends UsageError {
  override readonly name = 'ToolError';
}

/** Puts a tool on a server. */
export type Registration = (server: McpServer) => void;

const ANNOTATIONS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;

/** Prepares a tool once for all servers: over HTTP each request has its own. */
export function prepareTool<Input extends z.ZodObject>(tool: Tool<Input>): Registration {
  const { name, description, output, answer } = tool;
  const config = {
    description,
    inputSchema: describeBriefly(acceptAliases(tool.input, tool.aliases, tool.refusal)),
    ...(output && { outputSchema: describeBriefly(output) }),
    annotations: ANNOTATIONS,
  };
  const handle = (input: z.output<Input>) => answerOrExplain(name, () => answer(input));
  return (server) => void server.registerTool(name, config, handle);
}

/** A fault of ours is told by its kind alone: its message may name paths of this machine. */
function answerOrExplain(name: string, answer: () => ToolAnswer): CallToolResult {
  try {
    const { text, data } = answer();
    return { content: [{ type: 'text', text }], ...(data && { structuredContent: data }) };
  } catch (error) {
    const text =
      error instanceof UsageError ? error.message : `${name} failed: ${nameFault(error)}`;
    return { content: [{ type: 'text', text }], isError: true };
  }
}

function nameFault(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  return 'code' in error ? String(error.code) : error.name;
}
