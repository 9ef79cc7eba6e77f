import { Secret, TOTP } from 'otpauth';

/** A new secret of 160 random bits, in base32. */
export function createTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

// #region read-code
/** Six ASCII digits: apps show `123 456`, and keyboards type ٣ for 3. */
export function readCode(text: string): string | undefined {
  if (text.length > 64) return;
  const digits = text
    .normalize('NFKC')
    .replace(/[\s\p{Cf}\p{Pd}]/gu, '')
    .replace(/[٠-٩۰-۹]/g, (digit) => `${digit.charCodeAt(0) & 15}`);
  return /^\d{6}$/.test(digits) ? digits : undefined;
}
// #endregion read-code

// #region find-step
/** The time step that the code is of, at most `window` steps from now. */
export function findStep(
  { secret, now }: { secret: string; now: number },
  code: string,
  window = 1,
): number | undefined {
  const timestamp = now * 1000;
  const delta = TOTP.validate({
    secret: Secret.fromBase32(secret),
    token: code,
    timestamp,
    window,
  });
  return delta === null
    ? undefined
    : TOTP.counter({ timestamp }) + delta;
}
// #endregion find-step

/** The text of the QR code; neither name may have a colon in it. */
export function describeSecret(
  secret: string,
  { issuer, account }: { issuer: string; account: string },
): string {
  const label = account.toWellFormed().replaceAll(':', ' ');
  return new TOTP({ secret, issuer, label }).toString();
}
