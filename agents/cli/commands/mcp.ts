import type { Command } from '../command.ts';
export const mcp: Command = { usage: '', run: () => undefined };
