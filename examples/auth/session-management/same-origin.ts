import type { IncomingMessage } from 'node:http';
import { CrossSiteError } from './session-error.ts';

type Request = Pick<IncomingMessage, 'method' | 'headers'>;

/** Their handlers must change nothing: RFC 9110 §9.2.1. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Guards routes that change something; `origin` is where your pages are. */
export function createSameOriginGuard(origin: string) {
  if (URL.parse(origin)?.origin !== origin)
    throw new TypeError('origin is not like https://shop.example.com');

  // #region require-same-origin
  /** Throws when a page of another origin sent the request. */
  return function requireSameOrigin({
    method,
    headers,
  }: Request): void {
    if (SAFE.has(`${method}`)) return;
    const site = headers['sec-fetch-site'];
    // Browsers older than 2023 do not send it, and programs neither.
    const isOwn = site
      ? site === 'same-origin' || site === 'none'
      : headers.origin === undefined || headers.origin === origin;
    if (!isOwn) throw new CrossSiteError();
  };
  // #endregion require-same-origin
}
