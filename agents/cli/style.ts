import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Whether standard output is a terminal, where somebody looks. */
export const isTerminal = (): boolean => process.stdout.isTTY === true;

/** The text in a style, where standard output shows colour and NO_COLOR is not set. */
export function paint(style: Style, text: string): string {
  return wantsColour() ? styleText(style, text, { validateStream: false }) : text;
}

function wantsColour(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return isTerminal() && TERM !== 'dumb';
}

/** The text in lines of at most the width, each behind the indentation. */
export function wrap(text: string, indent: string, width = process.stdout.columns || 80): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && indent.length + line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => indent + line).join('\n');
}
