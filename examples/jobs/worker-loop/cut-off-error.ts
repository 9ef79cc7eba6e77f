const REASONS = {
  stopped: 'The worker stopped before the work ended',
  timed_out: 'The work took longer than its time limit',
  lease_lost: 'The lease ended before the work did',
};

/** The worker waits no longer: what the work does from now on must not count. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError';
  readonly code: keyof typeof REASONS;

  constructor(code: keyof typeof REASONS) {
    super(REASONS[code]);
    this.code = code;
  }
}
