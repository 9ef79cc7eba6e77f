/** A value that a session cannot keep; says the rule and not the value. */
export class SessionDataError extends Error {
  override readonly name = 'SessionDataError';
  readonly code = 'invalid_session_data';
  readonly status = 400;
  readonly expose = true;
}

/** The store did not answer: the caller is neither logged in nor logged out. */
export class SessionStoreError extends Error {
  override readonly name = 'SessionStoreError';
  readonly code = 'sessions_unavailable';
  readonly status = 503;
  readonly expose = false; // of 500 and more, only the code is told
}

/** A page of another origin made the browser send this request. */
export class CrossSiteError extends Error {
  override readonly name = 'CrossSiteError';
  readonly code = 'cross_site_request';
  readonly status = 403;
  readonly expose = true;

  constructor() {
    super('Send this request from a page of this site');
  }
}
