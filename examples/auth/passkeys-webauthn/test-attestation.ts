import { createHash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import * as helpers from '@simplewebauthn/server/helpers';
import { cose, isoCBOR } from '@simplewebauthn/server/helpers';

type Answer = {
  response: { clientDataJSON: string; attestationObject: string };
};

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const KEY_DESCRIPTION = '1.3.6.1.4.1.11129.2.1.17';
const validity = {
  notBefore: new Date(Date.now() - 60_000),
  notAfter: new Date(Date.now() + 3_600_000),
};

/** The answer as if of an Android phone: anyone can make this chain, and choose the addresses in it. */
export async function addCertificates<One extends Answer>(
  answer: One,
  addresses: string[],
): Promise<One> {
  const { clientDataJSON, attestationObject } = answer.response;
  const authData = helpers
    .decodeAttestationObject(toBytes(attestationObject))
    .get('authData');
  const clientDataHash = createHash('sha256')
    .update(toBytes(clientDataJSON))
    .digest();
  const root = await crypto.subtle.generateKey(ES256, true, [
    'sign',
    'verify',
  ]);
  const names = { issuer: 'CN=root', signingAlgorithm: ES256 };
  const anchor = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=root',
    keys: root,
    signingAlgorithm: ES256,
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    ...names,
    subject: 'CN=leaf',
    signingKey: root.privateKey,
    publicKey: await readPublicKey(authData),
    extensions: [
      new x509.CRLDistributionPointsExtension(addresses),
      new x509.Extension(
        KEY_DESCRIPTION,
        false,
        describe(clientDataHash),
      ),
    ],
  });
  const x5c = [leaf, anchor].map(
    ({ rawData }) => new Uint8Array(rawData),
  );
  const statement = new Map<string, unknown>([
    ['alg', cose.COSEALG.ES256],
    ['sig', new Uint8Array(1)],
    ['x5c', x5c],
  ]);
  return {
    ...answer,
    response: {
      ...answer.response,
      attestationObject: encode('android-key', statement, authData),
    },
  };
}

function encode(fmt: string, attStmt: unknown, authData: Uint8Array) {
  const object = new Map<string, unknown>([
    ['fmt', fmt],
    ['attStmt', attStmt],
    ['authData', authData],
  ]) as Parameters<typeof isoCBOR.encode>[0];
  return Buffer.from(isoCBOR.encode(object)).toString('base64url');
}

async function readPublicKey(authData: Uint8Array<ArrayBuffer>) {
  const { credentialPublicKey } =
    helpers.parseAuthenticatorData(authData);
  if (!credentialPublicKey) throw new Error('there is no public key');
  const point = helpers.convertCOSEtoPKCS(credentialPublicKey);
  return crypto.subtle.importKey('raw', point, ES256, true, ['verify']);
}

/** The DER of a KeyDescription, in which only the challenge counts. */
function describe(challenge: Buffer) {
  const versions = Buffer.from('0201030a01000201040a0100', 'hex');
  const head = Buffer.from([4, challenge.length]);
  const lists = Buffer.from('040030003000', 'hex');
  const body = Buffer.concat([versions, head, challenge, lists]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

const toBytes = (text: string) =>
  new Uint8Array(Buffer.from(text, 'base64url'));
