import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** What an attacker, or a broken device, does otherwise. */
export type Faults = {
  id?: Buffer;
  origin?: string;
  rpId?: string;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
  counter?: number;
  userHandle?: string | undefined;
  isVerified?: boolean;
  isPresent?: boolean;
  backupEligible?: boolean;
  backedUp?: boolean;
  /** The algorithm that the public key claims, and bytes to add. */
  alg?: number;
  padding?: number;
  /** Signs a new passkey with its own key, and adds that. */
  attestation?: { format?: string; certificates?: Uint8Array[] };
  /** Another key signs. */
  key?: KeyObject;
};

type Options = {
  challenge: string;
  user?: { id: string };
};

/** A security key in software, which does what a test wants. */
export function createAuthenticator(origin: string) {
  const id = randomBytes(16);
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = pair.publicKey.export({ format: 'jwk' });
  const describeKey = ({ alg = -7, padding = 0 }: Faults) =>
    isoCBOR.encode(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, alg],
        [-1, 1],
        [-2, new Uint8Array(Buffer.from(`${x}`, 'base64url'))],
        [-3, new Uint8Array(Buffer.from(`${y}`, 'base64url'))],
        ...(padding ? [[-4, new Uint8Array(padding)] as const] : []),
      ]),
    );
  let handle: string | undefined;
  let counter = 0;

  function describe(type: string, challenge: string, faults: Faults) {
    const clientData = {
      type,
      challenge,
      origin,
      crossOrigin: false,
      ...pick(faults),
    };
    const flags =
      ((faults.isPresent ?? true) ? 1 : 0) |
      ((faults.isVerified ?? true) ? 4 : 0) |
      (faults.backupEligible ? 8 : 0) |
      (faults.backedUp ? 16 : 0);
    const { rpId = new URL(origin).hostname } = faults;
    const head = Buffer.alloc(5);
    head.writeUInt8(type === 'webauthn.create' ? flags | 64 : flags);
    head.writeUInt32BE(faults.counter ?? counter, 1);
    return {
      clientDataJSON: Buffer.from(JSON.stringify(clientData)),
      data: Buffer.concat([hash(rpId), head]),
    };
  }

  /** A new passkey; its counter is 0 unless a fault says otherwise. */
  function create(options: Options, faults: Faults = {}) {
    const type = 'webauthn.create';
    const { clientDataJSON, data } = describe(
      type,
      options.challenge,
      faults,
    );
    handle = options.user?.id;
    counter = faults.counter ?? 0;
    const own = faults.id ?? id;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(own.length);
    const authData = Buffer.concat([
      data,
      Buffer.alloc(16),
      length,
      own,
      describeKey(faults),
    ]);
    const { attestation, key = pair.privateKey } = faults;
    const statement = new Map<string, unknown>();
    if (attestation) {
      const signed = Buffer.concat([authData, hash(clientDataJSON)]);
      statement.set('alg', -7);
      statement.set('sig', new Uint8Array(sign('sha256', signed, key)));
    }
    if (attestation?.certificates)
      statement.set('x5c', attestation.certificates);
    const attestationObject = isoCBOR.encode(
      new Map<string, unknown>([
        [
          'fmt',
          attestation ? (attestation.format ?? 'packed') : 'none',
        ],
        ['attStmt', statement],
        ['authData', new Uint8Array(authData)],
      ]) as Parameters<typeof isoCBOR.encode>[0],
    );
    return wrap(own, {
      clientDataJSON: encode(clientDataJSON),
      attestationObject: encode(Buffer.from(attestationObject)),
    });
  }

  /** Signs in; the counter goes up by one, or is what a fault says. */
  function get(options: Options, faults: Faults = {}) {
    counter += counter > 0 ? 1 : 0;
    counter = faults.counter ?? counter;
    const type = 'webauthn.get';
    const { clientDataJSON, data } = describe(
      type,
      options.challenge,
      faults,
    );
    const signed = Buffer.concat([data, hash(clientDataJSON)]);
    const key = faults.key ?? pair.privateKey;
    const { userHandle } = { userHandle: handle, ...faults };
    return wrap(faults.id ?? id, {
      clientDataJSON: encode(clientDataJSON),
      authenticatorData: encode(data),
      signature: encode(sign('sha256', signed, key)),
      ...(userHandle !== undefined && { userHandle }),
    });
  }

  return { id: encode(id), create, get };
}

function pick({ type, challenge, origin, crossOrigin }: Faults) {
  const all = { type, challenge, origin, crossOrigin };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  );
}

function wrap<Response extends object>(id: Buffer, response: Response) {
  return {
    id: encode(id),
    rawId: encode(id),
    type: 'public-key' as const,
    clientExtensionResults: {},
    response,
  };
}

const encode = (bytes: Buffer) => bytes.toString('base64url');
const hash = (bytes: Buffer | string) =>
  createHash('sha256').update(bytes).digest();
