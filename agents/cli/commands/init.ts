import type { Command } from '../command.ts';
export const init: Command = { usage: '', run: () => undefined };
