import { writeCommandTable } from '../cli/write-help.ts';

const BLOCK = /(?<=<!-- generated:commands -->\n)[\s\S]*?(?=<!-- \/generated:commands -->)/;

/** The README of the package with the table of its commands as they are. */
export const writeReadme = (text: string): string =>
  text.replace(BLOCK, () => `\n${writeCommandTable()}\n\n`);
