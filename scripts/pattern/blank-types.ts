import { stripTypeScriptTypes } from 'node:module';

/** The TypeScript with its types as blanks, so that offsets stay those of the source: Node itself runs it in this form. */
export function blankTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {}; // "experimental": true, and nothing that a reader can act on
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
