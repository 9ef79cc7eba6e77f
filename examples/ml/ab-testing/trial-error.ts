const PROBLEMS = {
  change_refused:
    'Read the trial again: it has ended, its share is not lower, or its version has been a canary before',
  not_proven: 'The canary is not proven',
  truth_differs: 'Another truth was told',
  version_missing: 'This server does not serve that version',
};

/** A request that does not fit what is there; `code` says why. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
  readonly expose = true;
  readonly code: keyof typeof PROBLEMS;
  readonly status: number;

  constructor(code: TrialError['code'], status = 409) {
    super(PROBLEMS[code]);
    this.code = code;
    this.status = status;
  }
}
