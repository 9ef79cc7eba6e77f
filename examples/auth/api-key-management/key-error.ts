const KINDS = {
  missing_api_key: [
    401,
    'Send your key in the header Authorization: Bearer',
    'realm="api"',
  ],
  mistyped_api_key: [
    401,
    'The key is cut off, mistyped or for another environment',
    'error="invalid_token"',
  ],
  invalid_api_key: [
    401,
    'The key is unknown or no longer active',
    'error="invalid_token"',
  ],
  missing_scope: [
    403,
    'The key lacks a scope',
    'error="insufficient_scope"',
  ],
  invalid_key_request: [400, ''],
  owner_not_active: [403, 'The owner of the key is not active'],
  too_many_api_keys: [409, 'Revoke a key before you create another'],
  api_key_not_found: [404, 'You have no such key, or it has ended'],
  rotation_under_way: [
    409,
    'The key is being replaced: revoke one of the two first',
  ],
} as const;

/** A key, or a wish for one, that is refused; never says the key. */
export class ApiKeyError extends Error {
  override readonly name = 'ApiKeyError';
  readonly code: keyof typeof KINDS;
  readonly status: number;
  readonly expose = true;
  /** The challenge of RFC 6750 §3, if the key is at fault. */
  readonly headers: Record<string, string> | undefined;

  constructor(
    code: keyof typeof KINDS,
    { message, scope }: { message?: string; scope?: string } = {},
  ) {
    const [status, text, challenge] = KINDS[code];
    super(message ?? text);
    this.code = code;
    this.status = status;
    const needs = scope ? `, scope="${scope}"` : '';
    if (challenge)
      this.headers = {
        'www-authenticate': `Bearer ${challenge}${needs}`,
      };
  }
}
