const PROBLEMS = {
  stage_changed: [409, 'Read the stage again, then decide'],
  stage_refused: [409, 'The stage does not allow this change'],
  version_tried: [
    409,
    'This version has been a canary: try again under a new name',
  ],
  version_missing: [409, 'This server does not serve that version'],
  not_proven: [409, 'The canary is not proven'],
  truth_differs: [409, 'Another truth was told'],
  live_missing: [503, 'This server does not serve the live version'],
} as const;

/** A request that does not fit what is there; `code` says why. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
  readonly expose = true;
  readonly code: keyof typeof PROBLEMS;
  readonly status: number;

  constructor(code: TrialError['code']) {
    const [status, advice] = PROBLEMS[code];
    super(advice);
    this.code = code;
    this.status = status;
  }
}
