/** A small change to one place of a file that a reader takes. */
export type Mutant = {
  /** The operator's name: `comparison-boundary`. */
  operator: string;
  /** The span of the source that is replaced, as offsets. */
  start: number;
  end: number;
  replacement: string;
  /** What the change means, for a person: "`<` became `<=`", "the condition `kind = any ($1)` is gone". */
  meaning: string;
};
