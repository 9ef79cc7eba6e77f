import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Whether standard output is a terminal, where a person reads. */
export const isTerminal = (): boolean => process.stdout.isTTY === true;

/** The text in a style, if standard output shows colour (NO_COLOR, FORCE_COLOR, TERM). */
export function paint(style: Style, text: string): string {
  // Node 20 does not look at the stream by itself.
  return hasColour() ? styleText(style, text, { validateStream: false }) : text;
}

/** Whether standard output shows colour. */
export function hasColour(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return isTerminal() && TERM !== 'dumb';
}
