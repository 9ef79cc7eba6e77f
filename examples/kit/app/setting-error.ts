/** A setting is missing or wrong; the message says what to set. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  readonly code = 'invalid_environment';
}
