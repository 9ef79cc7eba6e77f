export type Weakness =
  | 'password_too_short'
  | 'password_guessable'
  | 'password_breached';

/** A new password that is refused; says why, and what helps (SP 800-63B-4). */
export class WeakPasswordError extends Error {
  override readonly name = 'WeakPasswordError';
  readonly code: Weakness;
  readonly status = 400;
  readonly expose = true;

  constructor(code: Weakness, minimum: number) {
    super(ADVICE[code].replace('{minimum}', `${minimum}`));
    this.code = code;
  }
}

const ADVICE = {
  password_too_short:
    'Use at least {minimum} characters: four words that do not belong together are easy to remember',
  password_guessable:
    'This is little more than your name or ours. Use words that have nothing to do with you or this service',
  password_breached:
    'This password is in a list of stolen ones. Use one that is new, and not a variant of this',
};
