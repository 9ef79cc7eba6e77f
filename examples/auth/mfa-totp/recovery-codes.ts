import { createHash } from 'node:crypto';
import { Secret } from 'otpauth';

/** Ten codes of 120 random bits, which nobody can guess. */
export function createRecoveryCodes(): string[] {
  return Array.from({ length: 10 }, () => {
    const { base32 } = new Secret({ size: 15 });
    return base32.replace(/.{4}(?=.)/g, '$&-');
  });
}

/** All that is stored of a code, for its user alone; undefined when it cannot be one. */
export function hashRecoveryCode(
  text: string,
  userId: string,
): Buffer | undefined {
  if (text.length > 64) return;
  const code = text.replace(/[\s\p{Cf}\p{Pd}]/gu, '').toUpperCase();
  if (!/^[A-Z2-7]{24}$/.test(code)) return;
  // So many bits need no slow hash (ASVS 5.0, 6.5.2).
  return createHash('sha256').update(`${code} ${userId}`).digest();
}
