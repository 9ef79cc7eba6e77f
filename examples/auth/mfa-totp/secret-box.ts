import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { z } from 'zod';
import { secret } from '../../architecture/typed-configuration/secret.ts';

const keysSchema = z.tuple([secret()], secret());

/** `new,old`, as a setting has it: the first encrypts, all decrypt. */
export const keysText = z
  .string({ error: 'is not set' })
  .transform((text) => text.split(','))
  .pipe(keysSchema);

/** Secrets that are not in the database. */
export type Keys = z.infer<typeof keysSchema>;

/** Encrypts texts that are stored, each for its owner alone. */
export type SecretBox = ReturnType<typeof createSecretBox>;

/** AES-256-GCM; a text names its key, by an id that is derived from the key. */
export function createSecretBox(keys: Keys) {
  const [first, ...others] = keysSchema.parse(
    keys.map((key) => key.reveal()),
  );
  const current = deriveKey(first);
  const all = [current, ...others.map(deriveKey)];
  const byId = new Map(all.map(({ id, key }) => [id, key]));

  // #region seal-and-open
  /** The owner is not stored: only the same owner opens it. */
  function seal(text: string, owner: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv(ALGORITHM, current.key, nonce);
    cipher.setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([
      nonce,
      cipher.update(text),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return `${current.id}.${sealed.toString('base64url')}`;
  }

  /** Undefined when the key is gone, or the text is not this owner's. */
  function open(sealed: string, owner: string): string | undefined {
    const key = byId.get(sealed.slice(0, 8));
    if (!key) return;
    const bytes = Buffer.from(sealed.slice(9), 'base64url');
    try {
      const nonce = bytes.subarray(0, 12);
      const options = { authTagLength: 16 };
      const cipher = createDecipheriv(ALGORITHM, key, nonce, options);
      cipher.setAAD(Buffer.from(owner));
      cipher.setAuthTag(bytes.subarray(-16));
      const opened = cipher.update(bytes.subarray(12, -16));
      return Buffer.concat([opened, cipher.final()]).toString();
    } catch {
      return undefined;
    }
  }
  // #endregion seal-and-open

  return { seal, open, keyId: current.id };
}

const ALGORITHM = 'aes-256-gcm';

function deriveKey(secret: Keys[0]) {
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(
      hkdfSync('sha256', secret.reveal(), '', purpose, bytes),
    );
  const id = derive('keyid', 6).toString('base64url');
  return { id, key: derive(ALGORITHM, 32) };
}
