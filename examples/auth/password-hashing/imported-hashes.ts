import { verify } from '@node-rs/bcrypt';
import { isHashOf, parseHash } from './argon2id.ts';

// #region verify-imported
/** Judges hashes of another system; undefined when it cannot. */
export async function verifyImported(
  password: string,
  stored: string,
): Promise<boolean | undefined> {
  // As the other system had it: not normalised.
  const bytes = Buffer.from(password);
  // The package argon2 writes p before t.
  const phc = stored.replace(/(,p=\d+)(,t=\d+)\$/, '$2$1$$');
  const argon2id = parseHash(phc);
  if (argon2id) return isHashOf(bytes, argon2id);
  // At most cost 14, about a second.
  if (!/^\$2[aby]\$(0[4-9]|1[0-4])\$[\w./]{53}$/.test(stored)) return;
  const isRight = await verify(bytes.subarray(0, 72), stored);
  // bcrypt ignores what comes after 72 bytes, and many after a NUL;
  // judged last, so that the answer takes as long.
  return isRight && bytes.length <= 72 && !bytes.includes(0);
}
// #endregion verify-imported
