/** What shows that an operator is of use: a test that asserts too little lets its change pass. */
export type OperatorFixture = {
  operator: string;
  /** The file's name; its ending says which operators change it. */
  path: string;
  /** The source; the operator's first change to it is made. */
  source: string;
  /** Statements of a test that passes with the change; `subject` is the module, or the file's URL. */
  weak: string;
  /** Statements of a test that fails with the change, and passes without it. */
  strong: string;
};
