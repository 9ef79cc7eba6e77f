const MESSAGES = {
  nested:
    'This runs inside a transaction on the same pool: pass that one on',
  rolled_back:
    'A statement failed, so Postgres rolled the transaction back',
  not_awaited: 'The work returned before its last query was answered',
  ended: 'The transaction has ended: await each query inside the work',
  ended_by_work: 'The work ended its transaction with SQL of its own',
  timed_out: 'The transaction took longer than its time limit',
  outcome_unknown:
    'The connection broke during COMMIT: read the data to learn the outcome',
};

/** A transaction that failed for another reason than its work or its SQL. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
  readonly code: keyof typeof MESSAGES;

  constructor(code: keyof typeof MESSAGES, cause?: unknown) {
    super(MESSAGES[code], { cause });
    this.code = code;
  }
}
