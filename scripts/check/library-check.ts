import type { Finding } from '../engine/findings.ts';
import type { Pattern } from '../pattern/compose-pattern.ts';

/** A check of texts that are made of all patterns: the command hands it in. */
export type LibraryCheck = {
  /** Takes a pattern, as it was read for its page. */
  add: (pattern: Pattern) => void;
  /** What is wrong with those texts; `write` brings them up to date first, and `changed` names the written ones. */
  finish: (options: { write: boolean }) => { findings: Finding[]; changed: string[] };
};

/** Opens that check for a run over all patterns; undefined where the repository has no such texts. */
export type OpenLibraryCheck = (root: string) => Promise<LibraryCheck | undefined>;
